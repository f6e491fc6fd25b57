package expr

import (
	"fmt"
	"strings"
)

// Error is one problem of a source, at the place it was found.
type Error struct {
	Offset  int // bytes from the start of the source
	Line    int // from 1
	Column  int // from 1, in characters
	Message string
	Hint    string // what to write instead, "" when there is no telling
}

// Error is the problem on one line.
func (e Error) Error() string {
	text := fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Errors are all the problems of a source, in its order. Every error that the Compile functions return is of this type.
type Errors []Error

// Error is one line for each problem.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first Error.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}
