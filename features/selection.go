package features

import (
	"fmt"
	"math"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// anyEvent, as a selector, picks every event that was sent. Session Started is made by the fold and has to be named.
const anyEvent = "*"

// selection is a selector, compiled.
type selection struct {
	event string
	where *expr.Predicate[occurrence] // nil: always
	value func(*occurrence) int64     // nil: the aggregate needs none
	text  string                      // canonical
}

// step is what one event does to one aggregate.
type step struct {
	spec  int
	reset bool
	where *expr.Predicate[occurrence]
	value func(*occurrence) int64
}

// steps lists what an event of the name does. Of one aggregate the resets come first: an event that resets is not counted as well.
func (c *compiler) steps(name string) []step {
	var steps []step
	for i, p := range c.plans {
		for _, s := range p.reset {
			if s.matches(name) {
				steps = append(steps, step{spec: i, reset: true, where: s.where})
			}
		}
		for _, s := range p.on {
			if s.matches(name) {
				steps = append(steps, step{spec: i, where: s.where, value: s.value})
			}
		}
	}
	return steps
}

func (s *selection) matches(name string) bool {
	return s.event == name || s.event == anyEvent && name != event.SessionStarted
}

// selections compiles the selectors of a definition.
func (c *compiler) selections(d *definition, kind aggregate.Kind, list selectors, field string) (out []selection) {
	for i, sel := range list {
		s := selection{event: sel.Event, text: sel.Event}
		where := sel.Where
		if field == "on" && d.Where != "" {
			where = both(where, d.Where)
		}
		if where != "" {
			predicate, err := expr.CompileBool(where, occurrenceScope{})
			if err != nil {
				c.doc.Expression(child(element(child(d.node, field), i), "where"), field, err)
				continue
			}
			s.where, s.text = predicate, s.text+" where "+predicate.Source()
		}
		if field == "on" {
			s.value = c.value(d, kind, cmpOr(sel.Value, string(d.Value)), &s)
		}
		out = append(out, s)
	}
	return out
}

func both(where, and string) string {
	if where == "" {
		return and
	}
	return "(" + where + ") && (" + and + ")"
}

// value compiles what an event is worth to an aggregate.
func (c *compiler) value(d *definition, kind aggregate.Kind, source string, s *selection) func(*occurrence) int64 {
	switch kind {
	case aggregate.Count, aggregate.TimeSinceLast, aggregate.TimeSinceFirst, aggregate.RunLength, aggregate.StreakDays, aggregate.CartKind:
		if source != "" && kind != aggregate.CartKind {
			c.complain(d.node, "value", "aggregate %s takes no value", d.Aggregate)
		}
		return nil
	case aggregate.DecayedSum:
		source = cmpOr(source, "1")
	case aggregate.Distinct:
		return c.hashed(d, source, s)
	}
	switch {
	case source == "":
		c.complain(d.node, "value", "aggregate %s needs a value", d.Aggregate)
	case len(d.Vocabulary) > 0:
		return c.position(d, source, s)
	default:
		formula, err := expr.CompileNumber(source, occurrenceScope{})
		if err != nil {
			c.doc.Expression(child(d.node, "value"), "value", err)
			return nil
		}
		s.text += " value " + formula.Source()
		return func(o *occurrence) int64 { return aggregate.Fixed(formula.Eval(o)) }
	}
	return nil
}

// position is where a text stands in the vocabulary, in millionths.
func (c *compiler) position(d *definition, source string, s *selection) func(*occurrence) int64 {
	phrase, err := expr.CompileText(source, occurrenceScope{})
	if err != nil {
		c.doc.Expression(child(d.node, "value"), "value", err)
		return nil
	}
	s.text += fmt.Sprintf(" value %s in %q", phrase.Source(), d.Vocabulary)
	words := d.Vocabulary
	return func(o *occurrence) int64 {
		word := phrase.Eval(o)
		if word == "" {
			return aggregate.Missing
		}
		return int64(wordPosition(words, word)) * 1_000_000
	}
}

// wordPosition is the position of a word, one past the end when it is not in the vocabulary.
func wordPosition(words []string, word string) int {
	for i, w := range words {
		if w == word {
			return i
		}
	}
	return len(words)
}

// hashed is the hash of a value of any kind, for telling values apart.
func (c *compiler) hashed(d *definition, source string, s *selection) func(*occurrence) int64 {
	if source == "" {
		c.complain(d.node, "value", "aggregate distinct needs a value")
		return nil
	}
	getter, err := expr.CompileValue(source, occurrenceScope{})
	if err != nil {
		c.doc.Expression(child(d.node, "value"), "value", err)
		return nil
	}
	s.text += " value " + getter.Source()
	return func(o *occurrence) int64 {
		v := getter.Eval(o)
		switch {
		case v.Kind == event.String && v.Str != "":
			return int64(uint32(xxhash.Sum64String(v.Str)))
		case v.Kind == event.Number && !math.IsNaN(v.Num):
			var digits [32]byte
			return int64(uint32(xxhash.Sum64(strconv.AppendFloat(digits[:0], v.Num, 'g', -1, 64))))
		}
		return aggregate.Missing
	}
}
