package playbook

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// value is what a node holds, as JSON would. It complains of what only YAML has.
func (r *reader) value(n ast.Node) event.Value {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return event.Value{Kind: event.Null}
	case *ast.BoolNode:
		return event.BoolValue(n.Value)
	case *ast.StringNode:
		return event.StringValue(n.Value)
	case *ast.LiteralNode:
		return event.StringValue(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		return r.numeral(n)
	case *ast.SequenceNode:
		list := event.Value{Kind: event.List, Items: make(event.Object, len(n.Values))}
		for i, item := range n.Values {
			list.Items[i].Value = r.value(item)
		}
		return list
	case *ast.MappingNode:
		return r.fields(n.Values)
	case *ast.MappingValueNode:
		return r.fields([]*ast.MappingValueNode{n})
	case *ast.AnchorNode, *ast.AliasNode:
		r.Suggest(n, "write it out", "anchors and aliases are not accepted")
	default:
		r.Fail(n, "expected text, a number, true, false, null, a list or a mapping")
	}
	return event.Value{}
}

func (r *reader) fields(values []*ast.MappingValueNode) event.Value {
	m := event.Value{Kind: event.Map, Items: make(event.Object, 0, len(values))}
	for _, v := range values {
		key, ok := yamlfile.Scalar(v.Key)
		if !ok || v.Key.IsMergeKey() {
			r.Fail(v.Key, "expected a plain key")
			continue
		}
		m.Items = append(m.Items, event.Field{Key: key, Value: r.value(v.Value)})
	}
	return m
}

func (r *reader) numeral(n ast.Node) event.Value {
	written := n.GetToken().Value
	if jsonNumber.MatchString(written) {
		if x, err := strconv.ParseFloat(written, 64); err == nil {
			return event.Value{Kind: event.Number, Num: x, Str: written}
		}
	}
	x := math.NaN()
	switch v := n.(ast.ScalarNode).GetValue().(type) {
	case int64:
		x = float64(v)
	case uint64:
		x = float64(v)
	case float64:
		x = v
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		r.Suggest(n, "put it in quotes if it is text", "%s is no number that JSON has", written)
	}
	return event.NumberValue(x)
}

// canonical is what the file says: the same for every layout and order of keys.
func (r *reader) canonical(root ast.Node) []byte {
	v := r.value(root)
	sortKeys(v)
	return event.Object{{Key: "playbook", Value: v}}.AppendJSON(nil)
}

func sortKeys(v event.Value) {
	if v.Kind == event.Map {
		slices.SortStableFunc(v.Items, func(a, b event.Field) int { return strings.Compare(a.Key, b.Key) })
	}
	for i := range v.Items {
		sortKeys(v.Items[i].Value)
	}
}

// content reads the fields that an action hands to its caller, in the playbook's language.
func (r *reader) content(e yamlfile.Entry) event.Object {
	switch e.Value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		r.Fail(e.Value, "%s: expected a mapping of fields", e.Key)
		return nil
	}
	fields := r.value(e.Value).Items
	for i := range fields {
		fields[i].Value = r.localise(e, fields[i].Key, fields[i].Value)
	}
	if n := len(fields.AppendJSON(nil)); n > maxContent {
		r.Fail(e.Value, "%s: has %d bytes as JSON, at most %d are accepted", e.Key, n, maxContent)
	}
	return fields
}

// localise replaces {zh: …, en: …} by what it says in the playbook's language.
func (r *reader) localise(e yamlfile.Entry, path string, v event.Value) event.Value {
	if v.Kind == event.Map && bilingual(v.Items) {
		said := v.Items.Find(r.book.Language)
		if said == nil {
			r.Suggest(e.Value, "add "+r.book.Language+", the playbook's language", "%s: there is no wording for %s in %s", e.Key, path, r.book.Language)
			return event.Value{Kind: event.Null}
		}
		return *said
	}
	for i := range v.Items {
		below := path
		if v.Kind == event.Map {
			below += "." + v.Items[i].Key
		}
		v.Items[i].Value = r.localise(e, below, v.Items[i].Value)
	}
	return v
}

func bilingual(fields event.Object) bool {
	return len(fields) > 0 && !slices.ContainsFunc(fields, func(f event.Field) bool { return f.Key != chinese && f.Key != english })
}

// over lays fields over others.
func over(base, fields event.Object) event.Object {
	out := slices.Clone(base)
	for _, f := range fields {
		out = out.Set(f.Key, f.Value)
	}
	return out
}
