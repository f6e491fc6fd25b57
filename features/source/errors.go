package source

import (
	"fmt"
	"strings"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
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

// MappingErrors are all the problems of one mapping file, in its order.
type MappingErrors struct {
	File   string
	Errors yamlfile.Problems
}

// Error is one line for each problem, as file:line:column: message.
func (e *MappingErrors) Error() string {
	lines := make([]string, len(e.Errors))
	for i, m := range e.Errors {
		lines[i] = e.File + ":" + m.Error()
	}
	return strings.Join(lines, "\n")
}
