package label

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/halfstep-ml/halfstep/features/expr"
)

// Error is one problem of a label file.
type Error struct {
	Line    int    // from 1
	Column  int    // from 1
	Field   string // the key that is wrong, "" when it is none
	Message string
}

// Errors are all the problems of one label file.
type Errors struct {
	File   string
	Errors []Error
}

// Error is one line for each problem, as file:line:column: field: message.
func (e *Errors) Error() string {
	lines := make([]string, len(e.Errors))
	for i, one := range e.Errors {
		field := one.Field
		if field != "" {
			field += ": "
		}
		lines[i] = fmt.Sprintf("%s:%d:%d: %s%s", e.File, one.Line, one.Column, field, one.Message)
	}
	return strings.Join(lines, "\n")
}

func (e *Errors) at(n ast.Node, field, format string, args ...any) {
	line, column := position(n)
	e.Errors = append(e.Errors, Error{Line: line, Column: column, Field: field, Message: fmt.Sprintf(format, args...)})
}

// yaml notes what the YAML library found.
func (e *Errors) yaml(field string, err error) {
	one := Error{Line: 1, Column: 1, Field: field, Message: err.Error()}
	var y yaml.Error
	if errors.As(err, &y) {
		one.Message = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			one.Line, one.Column = t.Position.Line, t.Position.Column
		}
	}
	e.Errors = append(e.Errors, one)
}

// expression notes what is wrong with an expression, where it stands in the file.
func (e *Errors) expression(n ast.Node, field string, err error) {
	var problems expr.Errors
	if !errors.As(err, &problems) {
		e.at(n, field, "%v", err)
		return
	}
	line, column := position(n)
	if n.Type() == ast.LiteralType { // the text begins on the line after the sign
		line, column = line+1, 1
	}
	if t := n.GetToken().Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
		column++
	}
	for _, p := range problems {
		one := Error{Line: line + p.Line - 1, Column: p.Column, Field: field, Message: p.Message}
		if p.Line == 1 {
			one.Column += column - 1
		}
		if p.Hint != "" {
			one.Message += " (" + p.Hint + ")"
		}
		e.Errors = append(e.Errors, one)
	}
}

func position(n ast.Node) (line, column int) {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1, 1
	}
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	p := n.GetToken().Position
	return max(p.Line, 1), max(p.Column, 1)
}
