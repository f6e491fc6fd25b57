package replay

import (
	"slices"
	"sync"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

// folder folds the events of one customer after another.
type folder struct {
	fs      *features.FeatureSet
	state   *features.State
	ids     map[string]struct{}
	removed int64
}

func (f *folder) wants([]byte) bool { return true }

func (f *folder) duplicates() int64 { return f.removed }

func (f *folder) fold(events []event.Event) {
	for i := range events {
		f.fs.Fold(f.state, &events[i])
	}
}

// unique returns the events without those that the fold takes for duplicates. Folding one of those changes nothing, so the fold
// of what remains is the same.
func (f *folder) unique(events []event.Event) []event.Event {
	if !f.repeats(events) {
		return events
	}
	f.state.Reset()
	all := len(events)
	events = slices.DeleteFunc(events, func(e event.Event) bool {
		outcome, _ := f.fs.Fold(f.state, &e)
		return outcome == features.Duplicate
	})
	f.removed += int64(all - len(events))
	return events
}

// repeats says whether any id occurs twice, which is rare enough to look for it first.
func (f *folder) repeats(events []event.Event) bool {
	if f.ids == nil {
		f.ids = map[string]struct{}{}
	}
	clear(f.ids)
	for i := range events {
		f.ids[events[i].ID] = struct{}{}
	}
	return len(f.ids) < len(events)
}

// profiler hands out the state of every customer.
type profiler struct {
	folder
	turn  *sync.Mutex
	yield func(customer string, s *features.State) error
}

func (p *profiler) customer(id string, events []event.Event) error {
	events = p.unique(events)
	p.state.Reset()
	p.fold(events)
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.yield(id, p.state)
}

func (p *profiler) bucket(int) error { return nil }
