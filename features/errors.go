package features

import (
	"errors"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// ErrBeforeNewest refuses to read a customer at a moment before their newest event: a fold cannot be undone.
var ErrBeforeNewest = errors.New("cannot read a customer before their newest event")

// Errors is everything that is wrong with a features file, each at its line and column.
type Errors = yamlfile.Problems

// complain notes a problem at the value of a key of node, or at node itself when it has no such key or the key is "".
func complain(d *yamlfile.Document, node ast.Node, field, format string, args ...any) {
	if field != "" {
		format = field + ": " + format
	}
	d.Fail(child(node, field), format, args...)
}

// child is the value of a key, node itself when it is no mapping or has no such key.
func child(node ast.Node, key string) ast.Node {
	var values []*ast.MappingValueNode
	switch m := node.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	}
	for _, v := range values {
		if v.Key.String() == key {
			return v.Value
		}
	}
	return node
}

// element is the i-th of a list, node itself when it is no list.
func element(node ast.Node, i int) ast.Node {
	if list, ok := node.(*ast.SequenceNode); ok && i < len(list.Values) {
		return list.Values[i]
	}
	return node
}
