package yamlfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line    int    // from 1
	Column  int    // from 1
	Path    string // of keys, as in plays[2].when; "" for the file as a whole
	Message string
	Hint    string // what to write instead, "" when there is no telling
}

// Error is line:column: message; hint.
func (p *Problem) Error() string {
	text := fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message)
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	return text
}

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

// DidYouMean is Nearest as what to add to the complaint about an unknown name.
func DidYouMean(name string, known []string) string {
	if hint := Nearest(name, known); hint != "" {
		return "; " + hint
	}
	return ""
}

// mostNamed is how many names a hint lists.
const mostNamed = 24

// Nearest is the hint for an unknown name: the nearest known one, if any is near, or else all of them, unless there are too many.
func Nearest(name string, known []string) string {
	best, distance := "", 2+len(name)/3
	for _, k := range known {
		if n := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); n < distance || n == distance && best != "" && k < best {
			best, distance = k, n
		}
	}
	switch {
	case best == "" && (len(known) == 0 || len(known) > mostNamed):
		return ""
	case best == "":
		return "expected one of " + strings.Join(known, ", ")
	}
	return "did you mean " + best + "?"
}
