package source

import (
	"slices"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// record is one row, taken apart: what the expressions of a mapping read.
type record struct {
	fields []string     // by the mapping's columns
	object event.Object // of a JSONL row, instead of fields
	place  place
}

// place says where a row came from.
type place struct {
	file  int
	name  string // of the file, without folder and extensions
	line  int64
	block int64
	index int64
	head  string
}

// scope lets expressions name the columns and the place of a row.
type scope struct {
	columns []string
	json    bool
}

var places = map[string]expr.Variable[record]{
	"file":  {Type: expr.String, Text: func(r *record) (string, bool) { return r.place.name, r.place.name != "" }},
	"head":  {Type: expr.String, Text: func(r *record) (string, bool) { return r.place.head, r.place.head != "" }},
	"line":  {Type: expr.Number, Number: func(r *record) float64 { return float64(r.place.line) }},
	"block": {Type: expr.Number, Number: func(r *record) float64 { return float64(r.place.block) }},
	"index": {Type: expr.Number, Number: func(r *record) float64 { return float64(r.place.index) }},
}

// Resolve finds `column`, `row.column` and `source.place`.
func (s scope) Resolve(path []string) (expr.Variable[record], bool) {
	switch {
	case len(path) == 1:
		return s.column(path[0])
	case len(path) == 2 && path[0] == "row":
		return s.column(path[1])
	case len(path) == 2 && path[0] == "source":
		v, ok := places[path[1]]
		return v, ok
	}
	return expr.Variable[record]{}, false
}

func (s scope) column(name string) (expr.Variable[record], bool) {
	if s.json {
		if name == "row" || name == "source" || len(s.columns) > 0 && !slices.Contains(s.columns, name) {
			return expr.Variable[record]{}, false
		}
		return expr.Variable[record]{Type: expr.Any, Value: func(r *record) *event.Value { return r.object.Find(name) }}, true
	}
	i := slices.Index(s.columns, name)
	if i < 0 {
		return expr.Variable[record]{}, false
	}
	return expr.Variable[record]{Type: expr.String, Text: func(r *record) (string, bool) {
		text := r.fields[i]
		return text, text != ""
	}}, true
}

// Names lists the columns and the places.
func (s scope) Names() []string {
	names := slices.Clone(s.columns)
	for name := range places {
		names = append(names, "source."+name)
	}
	slices.Sort(names)
	return names
}
