package label

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// text reads a scalar that must not be empty, as it was written.
func (p *parser) text(n ast.Node, field string) (string, bool) {
	text := ""
	switch s := n.(type) {
	case *ast.StringNode:
		text = s.Value
	case *ast.LiteralNode:
		text = strings.TrimSpace(s.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		text = n.GetToken().Value
	}
	if text == "" {
		p.at(n, field, "expected text")
		return "", false
	}
	return text, true
}

// entry is one key of a mapping and what stands behind it.
type entry struct {
	key string
	at  ast.Node
}

// entries lists a mapping in its order.
func (p *parser) entries(n ast.Node, field string) []entry {
	m, ok := n.(ast.MapNode)
	if !ok {
		p.at(n, field, "expected a mapping of names to values")
		return nil
	}
	var out []entry
	for it := m.MapRange(); it.Next(); {
		out = append(out, entry{key: it.Key().String(), at: it.Value()})
	}
	return out
}

// elements lists a sequence, or is the one thing that stands there instead.
func elements(n ast.Node) []ast.Node {
	if s, ok := n.(*ast.SequenceNode); ok {
		return s.Values
	}
	return []ast.Node{n}
}

// value compiles an expression over an event.
func (p *parser) value(n ast.Node, field, text string) *expr.Getter[event.Event] {
	getter, err := expr.CompileValue(text, scope{})
	if err != nil {
		p.expression(n, field, err)
	}
	return getter
}

// selectorsOf reads a name, an {event, where}, or a list of either; where holds for all of them.
func (p *parser) selectorsOf(n ast.Node, field string, where node) selectors {
	if !where.given() {
		return p.plainSelectors(n, field)
	}
	common := p.predicate(where.at, strings.TrimSuffix(field, ".event")+".where")
	out := p.plainSelectors(n, field)
	for i := range out {
		if out[i].where != nil {
			p.at(where.at, field, "where stands beside the events and inside them; expected one of both")
		}
		out[i].where = common
	}
	return out
}

func (p *parser) plainSelectors(n ast.Node, field string) selectors {
	var out selectors
	for _, one := range elements(n) {
		s := selector{}
		if _, ok := one.(ast.MapNode); ok {
			var written struct {
				Event string `yaml:"event"`
				Where node   `yaml:"where"`
			}
			if err := yaml.NodeToValue(one, &written, yaml.Strict()); err != nil {
				p.yaml(field, err)
				continue
			}
			s.name = written.Event
			if written.Where.given() {
				s.where = p.predicate(written.Where.at, field+".where")
			}
		} else {
			s.name, _ = p.text(one, field)
		}
		if s.name == "" {
			p.at(one, field, "expected the name of an event, {event, where}, or a list of them")
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		p.at(n, field, "expected the name of an event, {event, where}, or a list of them")
	}
	return out
}

func (p *parser) predicate(n ast.Node, field string) *expr.Predicate[event.Event] {
	text, ok := p.text(n, field)
	if !ok {
		return nil
	}
	predicate, err := expr.CompileBool(text, scope{})
	if err != nil {
		p.expression(n, field, err)
	}
	return predicate
}

// duration reads a duration of at least a millisecond.
func (p *parser) duration(n ast.Node, field string) time.Duration {
	text, ok := p.text(n, field)
	if !ok {
		return 0
	}
	d, err := parseDuration(text)
	if err != nil {
		p.at(n, field, "%v", err)
	}
	return d
}

// parseDuration takes Go's durations and whole days ("7d").
func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 3660 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d >= time.Millisecond {
		return d, nil
	}
	return 0, fmt.Errorf("expected a duration such as 30m, 1h or 7d, got %q", s)
}

// instant reads a date, in the file's time zone, or an RFC 3339 time.
func (p *parser) instant(n ast.Node, field string) (time.Time, bool) {
	text, ok := p.text(n, field)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation(time.DateOnly, text, p.zone)
	if err != nil {
		t, err = time.Parse(time.RFC3339, text)
	}
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		p.at(n, field, "expected a date such as 2011-06-10 or a time such as 2011-06-10T08:00:00Z, from 1970 to 2200, got %q", text)
		return time.Time{}, false
	}
	return t, true
}
