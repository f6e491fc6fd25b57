package source

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// property is one named value of an event and how it is made out of the rows.
type property struct {
	name   string
	column int // of a property that is nothing but a column, which is most of them; -1: read makes it
	read   func(rows []record, mem *arena) event.Value
}

// properties reads a mapping of names to expressions or constructs. An expression reads the group's first row.
func (p *mappingParser) properties(e yamlfile.Entry) []property {
	var out []property
	for _, x := range p.Mapping(e.Value, e.Key, nil) {
		if _, ok := yamlfile.Scalar(x.Value); !ok {
			out = append(out, property{name: x.Key, column: -1, read: p.construct(x)})
		} else if program := yamlfile.Compile(&p.Document, x, expr.CompileValue[record], p.scope); program != nil {
			read := func(rows []record, _ *arena) event.Value { return program.Eval(&rows[0]) }
			out = append(out, property{name: x.Key, column: p.column(x), read: read})
		}
	}
	return out
}

// column is the index of the column that an expression is nothing but, or -1.
func (p *mappingParser) column(e yamlfile.Entry) int {
	if p.scope.json {
		return -1
	}
	source, _ := yamlfile.Scalar(e.Value)
	return slices.Index(p.m.Columns, strings.TrimSpace(source))
}

// object evaluates properties, leaving out what is missing.
func object(properties []property, rows []record, mem *arena) event.Object {
	if len(properties) == 0 {
		return nil
	}
	o := mem.take(len(properties))
	for i := range properties {
		p := &properties[i]
		if p.column >= 0 {
			if text := rows[0].fields[p.column]; text != "" {
				o = append(o, event.Field{Key: p.name, Value: event.Value{Kind: event.String, Str: text}})
			}
		} else if v := present(p.read(rows, mem)); v.Kind != event.Missing {
			o = append(o, event.Field{Key: p.name, Value: v})
		}
	}
	return o[:len(o):len(o)]
}

// present is the value, or Missing for what counts as missing in a table: empty text, null, and what is no number.
func present(v event.Value) event.Value {
	if v.Kind == event.Null || v.Kind == event.String && v.Str == "" || v.Kind == event.Number && (math.IsNaN(v.Num) || math.IsInf(v.Num, 0)) {
		return event.Value{}
	}
	return v
}

func parseNumber(text string) event.Value {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return event.Value{}
	}
	return event.NumberValue(f)
}
