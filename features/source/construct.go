package source

import (
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
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

func (p *mappingParser) construct(e yamlfile.Entry) func([]record, *arena) event.Value {
	_, single := e.Value.(*ast.MappingValueNode)
	_, several := e.Value.(*ast.MappingNode)
	if !single && !several {
		p.Fail(e.Value, "%s: expected an expression, or one of split, part, each, sum", e.Key)
		return nil
	}
	for _, x := range p.Mapping(e.Value, e.Key, nil) {
		known, ok := constructs[x.Key]
		if !ok {
			continue
		}
		entries := p.Mapping(e.Value, e.Key, known)
		switch x.Key {
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
	p.Fail(e.Value, "%s: expected one of split, part, each, sum", e.Key)
	return nil
}

// split makes a list of maps, or of texts, out of one text.
func (p *mappingParser) split(at yamlfile.Entry, entries []yamlfile.Entry) func([]record, *arena) event.Value {
	var (
		source            *expr.Phrase[record]
		separator, within string
		fields, numbers   []string
		limit             = defaultLimit
	)
	for _, e := range entries {
		switch e.Key {
		case "split":
			source = yamlfile.Compile(&p.Document, e, expr.CompileText[record], p.scope)
		case "separator":
			separator = p.Text(e)
		case "within":
			within = p.Text(e)
		case "fields":
			fields = p.Names(e)
		case "numbers":
			numbers = p.Names(e)
		case "limit":
			limit = p.Integer(e, 1, maxLimit)
		}
	}
	if separator == "" || (within == "") != (len(fields) == 0) {
		p.Fail(at.Value, "%s: a split needs a separator, and within and fields together or neither", at.Key)
	}
	for _, n := range numbers {
		if !slices.Contains(fields, n) {
			p.Fail(at.Value, "%s: unknown field %s in numbers%s", at.Key, n, yamlfile.DidYouMean(n, fields))
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
func (p *mappingParser) part(at yamlfile.Entry, entries []yamlfile.Entry) func([]record, *arena) event.Value {
	var (
		source    *expr.Phrase[record]
		separator string
		index     int
		number    bool
	)
	for _, e := range entries {
		switch e.Key {
		case "part":
			source = yamlfile.Compile(&p.Document, e, expr.CompileText[record], p.scope)
		case "separator":
			separator = p.Text(e)
		case "index":
			index = p.Integer(e, 0, 1000)
		case "number":
			number = p.Flag(e)
		}
	}
	if separator == "" {
		p.Fail(at.Value, "%s: a part needs a separator", at.Key)
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
func (p *mappingParser) each(entries []yamlfile.Entry) func([]record, *arena) event.Value {
	var (
		where  *expr.Predicate[record]
		fields []property
		limit  = defaultLimit
	)
	for _, e := range entries {
		switch e.Key {
		case "each":
			fields = p.properties(e)
		case "where":
			where = yamlfile.Compile(&p.Document, e, expr.CompileBool[record], p.scope)
		case "limit":
			limit = p.Integer(e, 1, maxLimit)
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
func (p *mappingParser) sum(entries []yamlfile.Entry) func([]record, *arena) event.Value {
	program := yamlfile.Compile(&p.Document, entries[0], expr.CompileNumber[record], p.scope)
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
