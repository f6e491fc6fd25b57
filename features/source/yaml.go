package source

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/halfstep-ml/halfstep/features/expr"
)

// Limits of a mapping file. The YAML parser takes time that grows with the square of the depth.
const (
	maxMappingBytes = 64 << 10
	maxMappingDepth = 32
)

// document reads a YAML file by its syntax tree, so that every complaint knows its place and none hides another.
type document struct {
	errs  MappingErrors
	lines []string
}

// entry is one key of a YAML mapping and what stands behind it.
type entry struct {
	key   string
	at    ast.Node
	value ast.Node
}

// parse returns the root of the only document in data, nil when there is none.
func (d *document) parse(data []byte) ast.Node {
	if len(data) > maxMappingBytes {
		d.complain(1, 1, "the file has %d bytes, at most %d are accepted", len(data), maxMappingBytes)
		return nil
	}
	if line := tooDeep(data); line > 0 {
		d.complain(line, 1, "the file is nested deeper than %d levels", maxMappingDepth)
		return nil
	}
	d.lines = strings.Split(string(data), "\n")
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		line, column, message := 1, 1, err.Error()
		var ye yaml.Error
		if errors.As(err, &ye) {
			message = ye.GetMessage()
			if t := ye.GetToken(); t != nil && t.Position != nil {
				line, column = t.Position.Line, t.Position.Column
			}
		}
		d.complain(line, column, "%s", message)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case root == nil:
			root = doc.Body
		default:
			d.fail(doc.Body, "expected one YAML document, found another")
		}
	}
	if root == nil {
		d.complain(1, 1, "the file is empty; expected a mapping with version, format, columns, customer, at and events")
	}
	return root
}

// tooDeep is the line on which brackets, or list and key signs in a row, nest deeper than any mapping does; 0 when none do.
func tooDeep(data []byte) int {
	brackets, signs, line := 0, 0, 1
	for i, c := range data {
		switch c {
		case '\n':
			line++
			signs = 0
		case '[', '{':
			brackets++
		case ']', '}':
			brackets--
		case '-', '?', ':':
			if i+1 < len(data) && (data[i+1] == ' ' || data[i+1] == '\t') {
				signs++
			}
		case ' ', '\t':
		default:
			signs = 0
		}
		if brackets > maxMappingDepth || signs > maxMappingDepth {
			return line
		}
	}
	return 0
}

func (d *document) complain(line, column int, format string, args ...any) {
	d.errs.Errors = append(d.errs.Errors, MappingError{Line: max(line, 1), Column: max(column, 1), Message: fmt.Sprintf(format, args...)})
}

func (d *document) fail(at ast.Node, format string, args ...any) {
	line, column := position(at)
	d.complain(line, column, format, args...)
}

func position(n ast.Node) (line, column int) {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1, 1
	}
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		n = m.Key
	}
	p := n.GetToken().Position
	return p.Line, p.Column
}

// mapping lists the entries of a YAML mapping in their order. With known keys given, every other one is an error.
func (d *document) mapping(n ast.Node, what string, known []string) []entry {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		d.fail(n, "%s: expected a mapping of keys to values", what)
		return nil
	}
	seen := make(map[string]bool, len(values))
	entries := make([]entry, 0, len(values))
	for _, v := range values {
		key, ok := scalar(v.Key)
		switch {
		case !ok || v.Key.IsMergeKey():
			d.fail(v.Key, "%s: expected a plain key", what)
		case seen[key]:
			d.fail(v.Key, "%s: duplicate key %s", what, key)
		case known != nil && !contains(known, key):
			d.fail(v.Key, "%s: unknown key %s%s", what, key, didYouMean(key, known))
		default:
			seen[key] = true
			entries = append(entries, entry{key: key, at: v.Key, value: v.Value})
		}
	}
	return entries
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// list returns the elements of a YAML sequence.
func (d *document) list(n ast.Node, what string) []ast.Node {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(n, "%s: expected a list", what)
		return nil
	}
	return s.Values
}

// scalar is the text of a scalar as it was written, whatever type YAML would make of it.
func scalar(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(s.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// text reads a scalar that must not be empty.
func (d *document) text(e entry) string {
	s, ok := scalar(e.value)
	if !ok || s == "" {
		d.fail(e.value, "%s: expected text", e.key)
		return ""
	}
	return s
}

func (d *document) flag(e entry) bool {
	s, _ := scalar(e.value)
	b, err := strconv.ParseBool(s)
	if err != nil {
		d.fail(e.value, "%s: expected true or false", e.key)
	}
	return b
}

func (d *document) integer(e entry, least, most int) int {
	s, _ := scalar(e.value)
	n, err := strconv.Atoi(s)
	switch wrong := err != nil || n < least || n > most; {
	case wrong && least == most:
		d.fail(e.value, "%s: expected %d", e.key, least)
		return least
	case wrong:
		d.fail(e.value, "%s: expected a whole number from %d to %d", e.key, least, most)
		return least
	}
	return n
}

func (d *document) names(e entry) []string {
	var out []string
	for _, n := range d.list(e.value, e.key) {
		s, ok := scalar(n)
		switch {
		case !ok || s == "":
			d.fail(n, "%s: expected a name", e.key)
		case contains(out, s):
			d.fail(n, "%s: %s stands there twice", e.key, s)
		default:
			out = append(out, s)
		}
	}
	return out
}

// compile compiles the expression behind a key and reports its errors where they stand in the file.
func compile[V any](d *document, e entry, with func(string, expr.Scope[record]) (*expr.Program[record, V], error), s expr.Scope[record]) *expr.Program[record, V] {
	source, ok := scalar(e.value)
	if !ok || source == "" {
		d.fail(e.value, "%s: expected an expression", e.key)
		return nil
	}
	program, err := with(source, s)
	var errs expr.Errors
	if errors.As(err, &errs) {
		line, first, rest := d.expressionStart(e.value)
		for _, x := range errs {
			column := first
			if x.Line > 1 {
				column = rest
			}
			d.complain(line+x.Line-1, column+x.Column-1, "%s: %s%s", e.key, x.Message, hint(x.Hint))
		}
		return nil
	}
	if err != nil {
		d.fail(e.value, "%s: %v", e.key, err)
		return nil
	}
	return program
}

func hint(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// expressionStart is where the text of a scalar begins: behind its quote, or on the line after the sign of a block. rest is the
// column at which its further lines begin.
func (d *document) expressionStart(n ast.Node) (line, first, rest int) {
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
