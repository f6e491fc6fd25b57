package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// RowError is a row that could not be read.
type RowError struct {
	File    string
	Line    int64  // from 1; in a Parquet file the row's number
	Column  string // "" when the row as a whole is wrong
	Message string // what was expected
}

// Error is file:line: column: message.
func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Column, e.Message)
}

// MappingError is one problem of a mapping file.
type MappingError struct {
	Line    int // from 1
	Column  int // from 1
	Message string
}

// MappingErrors are all the problems of one mapping file, in its order.
type MappingErrors struct {
	File   string
	Errors []MappingError
}

// Error is one line for each problem, as file:line:column: message.
func (e *MappingErrors) Error() string {
	lines := make([]string, len(e.Errors))
	for i, m := range e.Errors {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", e.File, m.Line, m.Column, m.Message)
	}
	return strings.Join(lines, "\n")
}

func (e *MappingErrors) sort() {
	slices.SortStableFunc(e.Errors, func(a, b MappingError) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// didYouMean is what to add to the complaint about an unknown name: the nearest known one, if any is near.
func didYouMean(name string, known []string) string {
	best, distance := "", 2+len(name)/3
	for _, k := range known {
		if n := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); n < distance || n == distance && best != "" && k < best {
			best, distance = k, n
		}
	}
	if best == "" {
		return "; expected one of " + strings.Join(known, ", ")
	}
	return "; did you mean " + best + "?"
}
