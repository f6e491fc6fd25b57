package yamlfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line    int // from 1
	Column  int // from 1
	Message string
}

// Error is line:column: message.
func (p *Problem) Error() string { return fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message) }

// Problems is everything that is wrong with a file, in the order of the file.
type Problems []*Problem

// Error is one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is the problems, sorted, as an error; nil when there are none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b *Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return p
}

// DidYouMean is what to add to the complaint about an unknown name: the nearest known one, if any is near, or else all of them.
func DidYouMean(name string, known []string) string {
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
