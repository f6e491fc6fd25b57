package source

import (
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// How many elements a list may have.
const (
	defaultLimit = 100
	maxLimit     = event.MaxKeys
)

// constructs are the values that an expression cannot make, by the key that tells them, with the keys that go with it.
var constructs = map[string][]string{
	"split": {"split", "separator", "within", "fields", "numbers", "limit"},
	"part":  {"part", "separator", "index", "number"},
	"each":  {"each", "where", "limit"},
	"sum":   {"sum"},
}

func (p *mappingParser) construct(e entry) func([]record, *arena) event.Value {
	_, single := e.value.(*ast.MappingValueNode)
	_, several := e.value.(*ast.MappingNode)
	if !single && !several {
		p.fail(e.value, "%s: expected an expression, or one of split, part, each, sum", e.key)
		return nil
	}
	for _, x := range p.mapping(e.value, e.key, nil) {
		known, ok := constructs[x.key]
		if !ok {
			continue
		}
		entries := p.mapping(e.value, e.key, known)
		switch x.key {
		case "split":
			return p.split(e, entries)
		case "part":
			return p.part(e, entries)
		case "each":
			return p.each(entries)
		default:
			return p.sum(entries)
		}
	}
	p.fail(e.value, "%s: expected one of split, part, each, sum", e.key)
	return nil
}

// split makes a list of maps, or of texts, out of one text.
func (p *mappingParser) split(at entry, entries []entry) func([]record, *arena) event.Value {
	var (
		source            *expr.Phrase[record]
		separator, within string
		fields, numbers   []string
		limit             = defaultLimit
	)
	for _, e := range entries {
		switch e.key {
		case "split":
			source = compile(&p.document, e, expr.CompileText[record], p.scope)
		case "separator":
			separator = p.text(e)
		case "within":
			within = p.text(e)
		case "fields":
			fields = p.names(e)
		case "numbers":
			numbers = p.names(e)
		case "limit":
			limit = p.integer(e, 1, maxLimit)
		}
	}
	if separator == "" || (within == "") != (len(fields) == 0) {
		p.fail(at.value, "%s: a split needs a separator, and within and fields together or neither", at.key)
	}
	for _, n := range numbers {
		if !slices.Contains(fields, n) {
			p.fail(at.value, "%s: unknown field %s in numbers%s", at.key, n, didYouMean(n, fields))
		}
	}
	shape := make([]splitField, len(fields))
	for i, f := range fields {
		shape[i] = splitField{name: f, number: slices.Contains(numbers, f)}
	}
	return func(rows []record, mem *arena) event.Value {
		text := source.Eval(&rows[0])
		if text == "" {
			return event.Value{}
		}
		n := min(strings.Count(text, separator)+1, limit)
		list := mem.take(n)
		for range n {
			element, rest, _ := strings.Cut(text, separator)
			text = rest
			if v := splitElement(element, within, shape, mem); v.Kind != event.Missing {
				list = append(list, event.Field{Value: v})
			}
		}
		return event.Value{Kind: event.List, Items: list[:len(list):len(list)]}
	}
}

type splitField struct {
	name   string
	number bool
}

func splitElement(text, within string, shape []splitField, mem *arena) event.Value {
	if text == "" || within == "" {
		return present(event.StringValue(text))
	}
	fields := mem.take(len(shape))
	for _, f := range shape {
		part, rest, _ := strings.Cut(text, within)
		text = rest
		v := event.StringValue(part)
		if f.number {
			v = parseNumber(part)
		}
		if v = present(v); v.Kind != event.Missing {
			fields = append(fields, event.Field{Key: f.name, Value: v})
		}
	}
	return event.Value{Kind: event.Map, Items: fields[:len(fields):len(fields)]}
}

// part takes one piece of a text.
func (p *mappingParser) part(at entry, entries []entry) func([]record, *arena) event.Value {
	var (
		source    *expr.Phrase[record]
		separator string
		index     int
		number    bool
	)
	for _, e := range entries {
		switch e.key {
		case "part":
			source = compile(&p.document, e, expr.CompileText[record], p.scope)
		case "separator":
			separator = p.text(e)
		case "index":
			index = p.integer(e, 0, 1000)
		case "number":
			number = p.flag(e)
		}
	}
	if separator == "" {
		p.fail(at.value, "%s: a part needs a separator", at.key)
	}
	return func(rows []record, _ *arena) event.Value {
		text, more := source.Eval(&rows[0]), true
		for range index {
			if _, text, more = strings.Cut(text, separator); !more {
				return event.Value{}
			}
		}
		text, _, _ = strings.Cut(text, separator)
		if number {
			return parseNumber(text)
		}
		return event.StringValue(text)
	}
}

// each makes a list of maps out of the group's rows.
func (p *mappingParser) each(entries []entry) func([]record, *arena) event.Value {
	var (
		where  *expr.Predicate[record]
		fields []property
		limit  = defaultLimit
	)
	for _, e := range entries {
		switch e.key {
		case "each":
			fields = p.properties(e)
		case "where":
			where = compile(&p.document, e, expr.CompileBool[record], p.scope)
		case "limit":
			limit = p.integer(e, 1, maxLimit)
		}
	}
	return func(rows []record, mem *arena) event.Value {
		list := mem.take(min(len(rows), limit))
		for i := range rows {
			if len(list) == cap(list) {
				break
			}
			if where == nil || where.Eval(&rows[i]) {
				list = append(list, event.Field{Value: event.Value{Kind: event.Map, Items: object(fields, rows[i:i+1], mem)}})
			}
		}
		return event.Value{Kind: event.List, Items: list[:len(list):len(list)]}
	}
}

// sum adds a number up over the group's rows; rows where it is missing add nothing.
func (p *mappingParser) sum(entries []entry) func([]record, *arena) event.Value {
	program := compile(&p.document, entries[0], expr.CompileNumber[record], p.scope)
	return func(rows []record, _ *arena) event.Value {
		total := 0.0
		for i := range rows {
			if f := program.Eval(&rows[i]); !math.IsNaN(f) {
				total += f
			}
		}
		// Prices are decimals; what their doubles add up to is rounded back to one.
		return event.NumberValue(math.Round(total*1e6) / 1e6)
	}
}
