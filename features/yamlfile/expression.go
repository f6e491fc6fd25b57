package yamlfile

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/halfstep-ml/halfstep/features/expr"
)

// Compile compiles the expression behind a key and reports its errors where they stand in the file. It returns nil when there are any.
func Compile[T, V any](d *Document, e Entry, with func(string, expr.Scope[T]) (*expr.Program[T, V], error), s expr.Scope[T]) *expr.Program[T, V] {
	source, ok := Scalar(e.Value)
	if !ok || source == "" {
		d.Fail(e.Value, "%s: expected an expression", e.Key)
		return nil
	}
	program, err := with(source, s)
	if err != nil {
		d.Expression(e.Value, e.Key, err)
		return nil
	}
	return program
}

// Expression complains of what is wrong with the expression that a scalar holds, where it stands in the file.
func (d *Document) Expression(at ast.Node, key string, err error) {
	var errs expr.Errors
	if !errors.As(err, &errs) {
		d.Fail(at, "%s: %v", key, err)
		return
	}
	line, first, rest := d.expressionStart(at)
	for _, x := range errs {
		column := first
		if x.Line > 1 {
			column = rest
		}
		d.complain(line+x.Line-1, column+x.Column-1, path(at), x.Hint, "%s: %s", key, x.Message)
	}
}

// expressionStart is where the text of a scalar begins: behind its quote, or on the line after the sign of a block. rest is the
// column at which its further lines begin.
func (d *Document) expressionStart(n ast.Node) (line, first, rest int) {
	line, first = position(n)
	switch n.Type() {
	case ast.LiteralType:
		if line < len(d.lines) {
			text := d.lines[line]
			first = 1 + len(text) - len(strings.TrimLeft(text, " "))
		}
		return line + 1, first, first
	case ast.StringType:
		if t := n.GetToken().Type; t == token.SingleQuoteType || t == token.DoubleQuoteType {
			first++
		}
	}
	return line, first, 1
}
