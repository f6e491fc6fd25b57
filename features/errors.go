package features

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/expr"
)

// ErrBeforeNewest refuses to read a customer at a moment before their newest event: a fold cannot be undone.
var ErrBeforeNewest = errors.New("cannot read a customer before their newest event")

// Error is one problem of a features file.
type Error struct {
	Line    int // 1-based; 0 when the problem has no place
	Column  int
	Field   string // the key that is wrong
	Message string
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", e.Line, e.Column)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	b.WriteString(e.Message)
	return b.String()
}

// Errors is everything that is wrong with a features file.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// add notes a problem at the value of a key of node, or at node itself when it has no such key.
func (e *Errors) add(node ast.Node, field, format string, args ...any) {
	problem := &Error{Field: field, Message: fmt.Sprintf(format, args...)}
	if at := child(node, field); at != nil {
		p := at.GetToken().Position
		problem.Line, problem.Column = p.Line, p.Column
	}
	*e = append(*e, problem)
}

// addYAML notes what the YAML decoder found.
func (e *Errors) addYAML(err error) {
	problem := &Error{Message: err.Error()}
	var y yaml.Error
	if errors.As(err, &y) {
		problem.Message = y.GetMessage()
		if t := y.GetToken(); t != nil {
			problem.Line, problem.Column = t.Position.Line, t.Position.Column
		}
	}
	*e = append(*e, problem)
}

// addExpr notes what is wrong with an expression, at its place within the file.
func (e *Errors) addExpr(node ast.Node, field string, err error) {
	var problems expr.Errors
	if !errors.As(err, &problems) {
		e.add(node, field, "%v", err)
		return
	}
	for _, p := range problems {
		message := p.Message
		if p.Hint != "" {
			message += "; " + p.Hint
		}
		e.add(node, field, "%s (at character %d of the expression)", message, p.Column)
	}
}

// child is the value of a key, node itself when it is no mapping or has no such key, nil when there is no node.
func child(node ast.Node, key string) ast.Node {
	if m, ok := node.(*ast.MappingNode); ok {
		for _, v := range m.Values {
			if v.Key.String() == key {
				return v.Value
			}
		}
	}
	if v, ok := node.(*ast.MappingValueNode); ok && v.Key.String() == key {
		return v.Value
	}
	return node
}
