package features

import (
	"encoding/binary"
	"slices"

	"github.com/halfstep-ml/halfstep/features/aggregate"
)

// Wait is a timer that the customer's store holds: a play waits for it. It stands in the state too, so that whoever is handed a due
// timer can tell whether it is still meant.
type Wait struct {
	Name string
	Due  int64  // Unix milliseconds
	For  string // what it waits on: a path, for time on a page
}

const maxWaits = 1024

// Waits are the timers that are set, by name. The caller must not change them.
func (s *State) Waits() []Wait { return s.waits }

// Waiting finds a timer by its name.
func (s *State) Waiting(name string) (Wait, bool) {
	for _, w := range s.waits {
		if w.Name == name {
			return w, true
		}
	}
	return Wait{}, false
}

// Wait sets a timer, or moves the one of the same name. It says whether there was room.
func (s *State) Wait(w Wait) bool {
	for i := range s.waits {
		if s.waits[i].Name == w.Name {
			s.waits[i] = w
			return true
		}
	}
	if len(s.waits) == maxWaits {
		return false
	}
	s.waits = append(s.waits, w)
	return true
}

// Unwait cancels a timer and says whether it was set.
func (s *State) Unwait(name string) bool {
	before := len(s.waits)
	s.waits = slices.DeleteFunc(s.waits, func(w Wait) bool { return w.Name == name })
	return len(s.waits) < before
}

func (s *State) appendWaits(dst []byte) []byte {
	for _, w := range s.waits {
		dst = binary.AppendVarint(appendString(appendString(dst, w.Name), w.For), w.Due)
	}
	return dst
}

func (s *State) decodeWaits(r *aggregate.Reader) {
	for r.Len() > 0 && r.Err() == nil {
		w := Wait{Name: s.name(readBytes(r)), For: readString(r)}
		w.Due = r.Int()
		if w.Name == "" || len(s.waits) == maxWaits {
			r.Fail()
		}
		s.waits = append(s.waits, w)
	}
}
