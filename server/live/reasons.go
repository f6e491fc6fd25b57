package live

import (
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/reason"
)

// sentences are those of a playbook that serves, or did until now; nil for those of the features alone.
func (s *Serving) sentences(book *playbook.Playbook) *reason.Book {
	if b := s.reasons.Load(); b.Playbook == book {
		return b
	}
	return reason.Compile(book, s.features)
}

// reasons are why an action is issued: what its play looked at, and what that was. They are valid until the next are asked for.
func (p *person) reasons(a *decide.Action) []reason.Reason {
	p.facts.Event = a.Event
	reasons := p.teller.Tell(p.sentences, a.Play, &p.facts)
	p.facts.Event = nil
	return reasons
}

func (p *person) appendReasons(dst []byte, a *decide.Action) []byte {
	dst = append(dst, '[')
	for i, r := range p.reasons(a) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendReason(dst, &r)
		if effect, ok := p.effect(a.Play, r.Column); ok {
			dst = append(dst, `,"effect":`...)
			dst = appendNumber(dst, effect)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendReason appends an object that is left open.
func appendReason(dst []byte, r *reason.Reason) []byte {
	dst = append(dst, `{"text":`...)
	dst = appendText(dst, string(r.Text))
	dst = append(dst, `,"feature":`...)
	dst = appendText(dst, r.Feature)
	dst = append(dst, `,"value":`...)
	return r.AppendValue(dst)
}
