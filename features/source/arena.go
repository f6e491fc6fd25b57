package source

import "github.com/halfstep-ml/halfstep/features/event"

// arena hands out the memory of event objects in pieces of a large slice, which a reset makes available again.
type arena struct {
	chunk event.Object
}

const arenaFields = 4096

// take returns an empty object with room for n fields.
func (a *arena) take(n int) event.Object {
	if cap(a.chunk)-len(a.chunk) < n {
		a.chunk = make(event.Object, 0, max(arenaFields, n))
	}
	used := len(a.chunk)
	a.chunk = a.chunk[:used+n]
	return a.chunk[used : used : used+n]
}

func (a *arena) reset() { a.chunk = a.chunk[:0] }
