package label

import (
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// session divides a customer's history: by the value of an expression, or by silences.
type session struct {
	key     *expr.Getter[event.Event] // nil: by silences
	silence int64                     // milliseconds without an event after which it has ended
}

// defaultSilence ends the sessions that an expression names, 30 minutes in milliseconds.
const defaultSilence = 30 * 60 * 1000

// visit is one session of one customer, or the whole of a history without sessions.
type visit struct {
	name   string
	events []int // indexes, ascending
	last   int64 // time of its newest event
}

// visits divides a history, in order of first events. Events without a value of the expression are in none.
func (s *session) visits(h *history) []visit {
	if s == nil {
		return []visit{whole(h)}
	}
	var out []visit
	index := map[string]int{}
	for i := range h.events {
		name, begins := "", false
		if s.key != nil {
			if name = keyText(s.key.Eval(&h.events[i])); name == "" {
				continue
			}
			_, known := index[name]
			begins = !known
		} else {
			begins = i == 0 || h.times[i]-h.newest[i-1] > s.silence
		}
		if begins {
			index[name] = len(out)
			out = append(out, visit{name: name})
		}
		v := &out[index[name]]
		v.events = append(v.events, i)
		v.last = max(v.last, h.times[i])
	}
	return out
}

// whole is a history that is not divided.
func whole(h *history) visit {
	all := make([]int, len(h.events))
	for i := range all {
		all[i] = i
	}
	return visit{events: all, last: h.newest[len(h.newest)-1]}
}
