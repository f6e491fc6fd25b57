package live

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
)

// maxAttempts bounds how often a change is made again because its customer has moved on.
const maxAttempts = 32

// backoff is slept before the attempt: longer each time, and not the same for all who collided.
func backoff(attempt int) time.Duration {
	if attempt == 0 {
		return 0
	}
	limit := min(time.Millisecond<<attempt, 64*time.Millisecond)
	return time.Duration(rand.Int64N(int64(limit)))
}

// counts is what became of a customer's events.
type counts struct{ folded, duplicates, tooOld, clamped int }

// read decodes a snapshot; of a customer who was erased and comes back, only the opt-out is kept.
func (s *Serving) read(snap *store.Snapshot, state *features.State) error {
	if snap.State == nil {
		state.Reset()
		return nil
	}
	return s.features.Decode(snap.State, state)
}

// arena is the memory that changes are made in. It grows by moving on, so what was handed out before stays as it is.
type arena struct {
	records []store.Record
	bytes   []byte
}

func (a *arena) reset() {
	clear(a.records)
	a.records, a.bytes = a.records[:0], a.bytes[:0]
}

// keep returns what was appended to the bytes since start.
func (a *arena) keep(start int) []byte { return a.bytes[start:len(a.bytes):len(a.bytes)] }

// folding is a customer's change being made.
type folding struct {
	*arena
	state  *features.State
	first  int // of its records
	last   int // past the last of them
	marks  int // of the state's, journaled
	counts counts
}

func newFolding(a *arena, state *features.State) folding {
	return folding{arena: a, state: state, first: len(a.records), last: len(a.records)}
}

// fold takes an event in and journals it, with what it tells of actions. It says whether the state has changed.
func (f *folding) fold(s *Serving, e *event.Event) bool {
	outcome, clamped := s.features.Fold(f.state, e)
	if clamped {
		f.counts.clamped++
	}
	switch outcome {
	case features.Duplicate:
		f.counts.duplicates++
	case features.TooOld:
		f.counts.tooOld++
		f.record(store.RecordSkipped, e)
	default:
		f.counts.folded++
		f.record(store.RecordEvent, e)
		f.outcomes()
		return true
	}
	return false
}

// outcomes journals what the last event told of actions that were issued.
func (f *folding) outcomes() {
	for _, m := range f.state.Marks()[f.marks:] {
		start := len(f.bytes)
		f.bytes = appendOutcome(f.bytes, &m)
		f.records = append(f.records, store.Record{Kind: store.RecordOutcome, Data: f.keep(start)})
		f.last = len(f.records)
		f.marks++
	}
}

func (f *folding) record(kind store.RecordKind, e *event.Event) {
	start := len(f.bytes)
	f.bytes = e.AppendJSON(f.bytes)
	f.records = append(f.records, store.Record{Kind: kind, Data: f.keep(start)})
	f.last = len(f.records)
}

// welcome folds the opt-out of a customer who was erased and is now heard of again: it outlives the erasure, and it is an event in
// the journal, so that the journal still makes the state. It counts as nobody's event. First is what is heard of them, nil for nothing
// but a request at now.
func (f *folding) welcome(s *Serving, id string, snap *store.Snapshot, first *event.Event, now int64) error {
	if snap.State != nil || snap.Tombstone == nil {
		return nil
	}
	var left Tombstone
	if err := json.Unmarshal(snap.Tombstone, &left); err != nil {
		return fmt.Errorf("read tombstone: %w", err)
	}
	if !left.All && len(left.Scopes) == 0 {
		return nil
	}
	before := f.counts
	f.fold(s, left.event(id, snap.Version, first, now))
	f.counts = before
	return nil
}

// changed says whether there is anything to commit.
func (f *folding) changed() bool { return f.last > f.first }

// change is what has to be committed.
func (f *folding) change(id string, version uint64) store.Change {
	start := len(f.bytes)
	f.bytes = f.state.Append(f.bytes)
	return store.Change{
		ID: id, Expect: version, State: f.keep(start),
		Keep: f.state.OptOut().Any(), Records: f.records[f.first:f.last:f.last],
	}
}

func (e *Engine) count(c counts) {
	e.metrics.Accepted.Add(float64(c.folded))
	if c.duplicates > 0 {
		e.metrics.Duplicates.Add(float64(c.duplicates))
	}
	if c.tooOld > 0 {
		e.metrics.TooOld.Add(float64(c.tooOld))
	}
	if c.clamped > 0 {
		e.metrics.Clamped.Add(float64(c.clamped))
	}
}
