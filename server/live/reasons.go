package live

import (
	"strings"

	"github.com/halfstep-ml/halfstep/server/decide"
)

// appendReasons says why an action is issued: what its play looked at, and what that was.
func (p *person) appendReasons(dst []byte, a *decide.Action) []byte {
	dst = append(dst, '[')
	n := 0
	for _, clause := range a.Play.Clauses {
		for _, name := range clause.Variables() {
			value, ok := p.number(name)
			if !ok {
				continue
			}
			if n++; n > 1 {
				dst = append(dst, ',')
			}
			_, short, _ := strings.Cut(name, ".")
			dst = append(dst, `{"text":`...)
			dst = appendText(dst, clause.Source())
			dst = append(dst, `,"feature":`...)
			dst = appendText(dst, short)
			dst = append(dst, `,"value":`...)
			dst = append(appendNumber(dst, value), '}')
		}
	}
	return append(dst, ']')
}

// number is what a condition read under a name; false when it is no number.
func (p *person) number(name string) (float32, bool) {
	room, short, _ := strings.Cut(name, ".")
	switch room {
	case "features":
		if i, ok := p.features.Index(short); ok && i < len(p.facts.Vector) {
			return p.facts.Vector[i], true
		}
	case "predictions":
		for i, task := range p.book.Tasks {
			if task == short && i < len(p.facts.Predictions) {
				return p.facts.Predictions[i], true
			}
		}
	case "intents":
		for _, intent := range p.facts.Intents {
			if intent.Name == short {
				return intent.Score, true
			}
		}
	}
	return 0, false
}
