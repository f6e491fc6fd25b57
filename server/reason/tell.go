package reason

import (
	"slices"
	"strconv"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// Most is how many reasons an action is given at most.
const Most = 5

// longest is how much of a text is quoted, in characters.
const longest = 80

// Reason is a sentence and what it is about.
type Reason struct {
	Text    []byte
	Feature string // its name; of what is no feature as conditions name it, as in predictions.churn
	Column  int    // in the vector; -1 for what is no feature
	value   event.Value
	number  float32
	numeric bool
}

// AppendValue appends the value that the condition saw, as JSON.
func (r *Reason) AppendValue(dst []byte) []byte {
	switch {
	case !r.numeric:
		return r.value.AppendJSON(dst)
	case r.number-r.number != 0:
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, float64(r.number), 'g', -1, 32)
}

// Teller gives reasons, one action at a time, in memory that the next one uses again.
type Teller struct {
	book    *Book
	facts   *playbook.Facts
	reasons []Reason
	text    []byte
	later   []*fact // about the event, which say less than numbers do
}

// Tell gives the reasons for which a play's condition holds: of alternatives only those that do, and each fact once. It evaluates
// what the condition did, over the same facts. The reasons are valid until the next call.
func (t *Teller) Tell(b *Book, p *playbook.Play, f *playbook.Facts) []Reason {
	t.book, t.facts, t.reasons, t.text, t.later = b, f, t.reasons[:0], t.text[:0], t.later[:0]
	if b == nil || p.Index >= len(b.plays) || b.Playbook == nil || b.Playbook.Plays[p.Index] != p {
		return nil
	}
	play := &b.plays[p.Index]
	if play.waits {
		t.tell(&play.trigger)
	}
	for i := range play.conditions {
		if c := &play.conditions[i]; t.truth(c) {
			t.collect(c, true)
		}
	}
	for i := range play.likely {
		t.tell(&play.likely[i])
	}
	for _, f := range t.later {
		t.tell(f)
	}
	if len(t.reasons) == 0 && play.trigger.value != nil {
		t.tell(&play.trigger)
	}
	t.facts, t.book = nil, nil
	return t.reasons
}

// Feature says what a column of the vector is, missing or not. It is valid until the next call.
func (t *Teller) Feature(b *Book, column int, f *playbook.Facts) *Reason {
	t.book, t.facts, t.reasons, t.text = b, f, t.reasons[:0], t.text[:0]
	t.tell(&b.columns[column])
	if len(t.reasons) == 0 {
		c := &b.columns[column]
		t.reasons = append(t.reasons, Reason{Text: c.unknown.append(nil, 0, "", 1), Feature: c.name, Column: column, number: float32(c.number(f)), numeric: true})
	}
	t.facts, t.book = nil, nil
	return &t.reasons[0]
}

// truth tells whether a part of a condition holds.
func (t *Teller) truth(p *part) bool {
	switch p.logic {
	case expr.Leaf:
		return p.holds.Eval(t.facts)
	case expr.Not:
		return !t.truth(&p.parts[0])
	}
	for i := range p.parts {
		if t.truth(&p.parts[i]) != (p.logic == expr.All) {
			return p.logic == expr.Some
		}
	}
	return p.logic == expr.All
}

// collect tells what makes a part hold, or not hold.
func (t *Teller) collect(p *part, holds bool) {
	switch p.logic {
	case expr.Leaf:
		for i := range p.facts {
			if f := &p.facts[i]; f.number == nil && f.about("event.") {
				t.later = append(t.later, f)
			} else {
				t.tell(f)
			}
		}
		return
	case expr.Not:
		t.collect(&p.parts[0], !holds)
		return
	}
	for i := range p.parts {
		if t.truth(&p.parts[i]) == holds {
			t.collect(&p.parts[i], holds)
		}
	}
}

func (f *fact) about(room string) bool { return len(f.name) > len(room) && f.name[:len(room)] == room }

// tell gives one reason, unless it was given or there is nothing to say.
func (t *Teller) tell(f *fact) {
	if len(t.reasons) == Most || slices.ContainsFunc(t.reasons, func(r Reason) bool { return r.Feature == f.name }) {
		return
	}
	r := Reason{Feature: f.name, Column: f.column}
	s, n, text := &f.text, 0.0, ""
	if f.number != nil {
		n = f.number(t.facts)
		r.number, r.numeric = float32(n), true
		switch {
		case n != n:
			s = &f.absent
		case len(f.words) > 0:
			if n < 0 || int(n) >= len(f.words) {
				return
			}
			text, r.value, r.numeric = f.called[int(n)], event.StringValue(f.words[int(n)]), false
		case n == 0 && !f.none.empty():
			s = &f.none
		}
	} else {
		r.value = f.value(t.facts)
		text = t.spell(f, &r.value)
		switch {
		case r.value.Kind <= event.Null:
			s = &f.absent
		case r.value.Kind == event.Bool && r.value.Num == 0 && !f.none.empty():
			s = &f.none
		}
	}
	if s.empty() {
		return
	}
	start := len(t.text)
	t.text = s.append(t.text, n, text, f.scale)
	r.Text = t.text[start:len(t.text):len(t.text)]
	t.reasons = append(t.reasons, r)
}

// spell writes a value as sentences quote it.
func (t *Teller) spell(f *fact, v *event.Value) string {
	switch v.Kind {
	case event.String:
		if f.call != nil {
			return f.call(v.Str)
		}
		if cut := cutAt(v.Str); cut < len(v.Str) {
			*v = event.StringValue(v.Str[:cut])
			return v.Str + "…"
		}
		return v.Str
	case event.Number:
		return string(appendNumber(nil, v.Num))
	case event.Bool:
		return t.book.wording.Truth[strconv.FormatBool(v.Num != 0)]
	}
	return ""
}

// cutAt is where a text has been quoted at enough length.
func cutAt(text string) int {
	n := 0
	for at := range text {
		if n == longest {
			return at
		}
		n++
	}
	return len(text)
}
