// Package yamlfile reads the YAML files that people write for halfstep: features, mappings, labels. It goes by the syntax tree, so that
// every complaint knows its line and column and none hides another, and it bounds what a file may cost to parse.
package yamlfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxDepth is far beyond any file of ours. The YAML parser takes time that grows with the square of the depth.
const maxDepth = 32

// Document is one file while it is read.
type Document struct {
	Problems Problems
	lines    []string
}

// Entry is one key of a YAML mapping and what stands behind it.
type Entry struct {
	Key   string
	At    ast.Node
	Value ast.Node
}

// Parse returns the root of the only document in data, nil with a complaint when there is none. Expected is what an empty file
// should have held.
func (d *Document) Parse(data []byte, maxBytes int, expected string) ast.Node {
	if len(data) > maxBytes {
		d.complain(1, 1, "", "", "the file has %d bytes, at most %d are accepted", len(data), maxBytes)
		return nil
	}
	if line := tooDeep(data); line > 0 {
		d.complain(line, 1, "", "", "the file is nested deeper than %d levels", maxDepth)
		return nil
	}
	d.lines = strings.Split(string(data), "\n")
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		d.Note(err)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case root == nil:
			root = doc.Body
		default:
			d.Fail(doc.Body, "expected one YAML document, found another")
		}
	}
	if root == nil {
		d.complain(1, 1, "", "", "the file is empty; expected %s", expected)
	}
	return root
}

// tooDeep is the line on which brackets, or list and key signs in a row, nest deeper than any file of ours does; 0 when none do.
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
		if brackets > maxDepth || signs > maxDepth {
			return line
		}
	}
	return 0
}

// Note takes in what the YAML library found.
func (d *Document) Note(err error) {
	line, column, message := 1, 1, err.Error()
	var ye yaml.Error
	if errors.As(err, &ye) {
		message = ye.GetMessage()
		if t := ye.GetToken(); t != nil && t.Position != nil {
			line, column = t.Position.Line, t.Position.Column
		}
	}
	d.complain(line, column, "", "", "%s", message)
}

func (d *Document) complain(line, column int, path, hint, format string, args ...any) {
	d.Problems = append(d.Problems, &Problem{
		Line: max(line, 1), Column: max(column, 1), Path: path, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// Fail complains about a node.
func (d *Document) Fail(at ast.Node, format string, args ...any) { d.Suggest(at, "", format, args...) }

// Suggest complains about a node and hints at what to write instead.
func (d *Document) Suggest(at ast.Node, hint, format string, args ...any) {
	line, column := position(at)
	d.complain(line, column, path(at), hint, format, args...)
}

// path is where a node stands below the root, as in plays[2].when.
func path(n ast.Node) string {
	if n == nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(n.GetPath(), "$"), ".")
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

// Mapping lists the entries of a YAML mapping in their order. With known keys given, every other one is an error.
func (d *Document) Mapping(n ast.Node, what string, known []string) []Entry {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		d.Fail(n, "%s: expected a mapping of keys to values", what)
		return nil
	}
	seen := make(map[string]bool, len(values))
	entries := make([]Entry, 0, len(values))
	for _, v := range values {
		key, ok := Scalar(v.Key)
		switch {
		case !ok || v.Key.IsMergeKey():
			d.Fail(v.Key, "%s: expected a plain key", what)
		case seen[key]:
			d.Fail(v.Key, "%s: duplicate key %s", what, key)
		case known != nil && !slices.Contains(known, key):
			d.Suggest(v.Key, Nearest(key, known), "%s: unknown key %s", what, key)
		default:
			seen[key] = true
			entries = append(entries, Entry{Key: key, At: v.Key, Value: v.Value})
		}
	}
	return entries
}

// List returns the elements of a YAML sequence.
func (d *Document) List(n ast.Node, what string) []ast.Node {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.Fail(n, "%s: expected a list", what)
		return nil
	}
	return s.Values
}
