package source

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// Format is the shape of a file.
type Format string

// The formats.
const (
	CSV     Format = "csv"
	TSV     Format = "tsv"
	Blocks  Format = "blocks"
	JSONL   Format = "jsonl"
	Parquet Format = "parquet"
)

var formats = []string{string(CSV), string(TSV), string(Blocks), string(JSONL), string(Parquet)}

// Mapping says which rows of a table become which events. It is immutable and safe for concurrent use.
type Mapping struct {
	Name    string
	Source  string // where the data comes from
	Licence string
	Format  Format
	Columns []string

	customer   *key
	anonymous  *key
	group      *key
	id         *expr.Phrase[record]
	at         clock
	receivedAt *clock
	channel    string
	context    []property
	rules      []rule
}

// rule makes an event of the rows that its condition holds for.
type rule struct {
	when       *expr.Predicate[record] // nil: every row
	skip       bool
	also       bool
	name       string
	nameOf     *expr.Phrase[record]
	kind       string
	properties []property
	context    []property
	traits     []property
	enriched   []property
}

var (
	mappingKeys = []string{"version", "name", "source", "licence", "format", "columns", "customer", "anonymous", "id", "at", "received_at", "channel", "group", "context", "events"}
	ruleKeys    = []string{"when", "event", "event_expr", "type", "properties", "context", "traits", "enriched", "also", "skip"}
)

// ParseMapping reads a mapping file; file is its name in messages. The error is a *MappingErrors with everything that is wrong.
func ParseMapping(file string, data []byte) (*Mapping, error) {
	var p mappingParser
	if root := p.Parse(data, maxMappingBytes, "a mapping with version, format, columns, customer, at and events"); root != nil {
		p.read(root)
	}
	if p.Problems.Err() != nil {
		return nil, &MappingErrors{File: file, Errors: p.Problems}
	}
	return &p.m, nil
}

const maxMappingBytes = 64 << 10

type mappingParser struct {
	yamlfile.Document
	m     Mapping
	scope scope
}

func (p *mappingParser) read(root ast.Node) {
	entries := p.Mapping(root, "mapping", mappingKeys)
	if len(entries) == 0 {
		return
	}
	given := make(map[string]bool, len(entries))
	for _, e := range entries {
		given[e.Key] = true
		p.readPlain(e)
	}
	for _, required := range []string{"version", "format", "at", "events"} {
		if !given[required] {
			p.Fail(root, "mapping: %s is required", required)
		}
	}
	if !given["columns"] && p.m.Format != JSONL {
		p.Fail(root, "mapping: columns is required: the names of the columns that the mapping uses")
	}
	if !given["customer"] && !given["anonymous"] {
		p.Fail(root, "mapping: customer or anonymous is required")
	}
	// Expressions come second: they need the columns, wherever in the file those stand.
	p.scope = scope{columns: p.m.Columns, json: p.m.Format == JSONL}
	for _, e := range entries {
		p.readExpression(e)
	}
}

func (p *mappingParser) readPlain(e yamlfile.Entry) {
	switch e.Key {
	case "version":
		p.Integer(e, 1, 1)
	case "name":
		p.m.Name = p.Text(e)
	case "source":
		p.m.Source = p.Text(e)
	case "licence":
		p.m.Licence = p.Text(e)
	case "channel":
		p.m.channel = p.Text(e)
	case "columns":
		p.m.Columns = p.Names(e)
		if i := slices.IndexFunc(p.m.Columns, func(c string) bool { return c == "row" || c == "source" }); i >= 0 {
			p.Fail(e.Value, "columns: %s is a name of the language; it cannot be a column", p.m.Columns[i])
		}
	case "format":
		if s := p.Text(e); s != "" && !slices.Contains(formats, s) {
			p.Fail(e.Value, "format: unknown format %s%s", s, yamlfile.DidYouMean(s, formats))
		} else {
			p.m.Format = Format(s)
		}
	}
}

func (p *mappingParser) readExpression(e yamlfile.Entry) {
	switch e.Key {
	case "customer":
		p.m.customer = p.key(e)
	case "anonymous":
		p.m.anonymous = p.key(e)
	case "group":
		p.m.group = p.key(e)
	case "id":
		p.m.id = yamlfile.Compile(&p.Document, e, expr.CompileText[record], p.scope)
	case "at":
		p.m.at = p.clock(e)
	case "received_at":
		c := p.clock(e)
		p.m.receivedAt = &c
	case "context":
		p.m.context = p.properties(e)
	case "events":
		for _, n := range p.List(e.Value, e.Key) {
			p.rule(n)
		}
		if len(p.m.rules) == 0 && len(p.Problems) == 0 {
			p.Fail(e.Value, "events: expected at least one rule")
		}
	}
}

func (p *mappingParser) rule(n ast.Node) {
	var r rule
	for _, e := range p.Mapping(n, "events", ruleKeys) {
		switch e.Key {
		case "when":
			r.when = yamlfile.Compile(&p.Document, e, expr.CompileBool[record], p.scope)
		case "event":
			r.name = p.Text(e)
		case "event_expr":
			r.nameOf = yamlfile.Compile(&p.Document, e, expr.CompileText[record], p.scope)
		case "type":
			r.kind = p.Text(e)
			if types := []string{event.Track, event.Page, event.Screen, event.Identify, event.Alias}; !slices.Contains(types, r.kind) {
				p.Fail(e.Value, "type: unknown type %s%s", r.kind, yamlfile.DidYouMean(r.kind, types))
			}
		case "properties":
			r.properties = p.properties(e)
		case "context":
			r.context = p.properties(e)
		case "traits":
			r.traits = p.properties(e)
		case "enriched":
			r.enriched = p.properties(e)
		case "also":
			r.also = p.Flag(e)
		case "skip":
			r.skip = p.Flag(e)
		}
	}
	switch named := r.name != "" || r.nameOf != nil || r.kind != "" && r.kind != event.Track; {
	case len(p.Problems) > 0:
	case r.skip && (named || r.also):
		p.Fail(n, "events: a rule that skips makes no event and ends the matching")
	case !r.skip && !named:
		p.Fail(n, "events: expected event, event_expr or skip: true")
	case r.name != "" && r.nameOf != nil:
		p.Fail(n, "events: event and event_expr exclude each other")
	}
	r.context = append(slices.Clone(p.m.context), r.context...)
	p.m.rules = append(p.m.rules, r)
}
