package live

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
)

// evaluate folds a request's events into what is known of its customer and reads the vector. Without a snapshot, because of err, the
// customer is scored as if nothing was known.
func (j *scoring) evaluate(it *item, snap *store.Snapshot, err error) error {
	start := time.Now()
	state := it.person.state
	it.person.reset()
	if state == nil {
		state = j.serving.states.Get().(*features.State)
	}
	it.person.state, it.person.features, it.person.book = state, j.serving.features, j.book
	it.person.sentences = j.serving.sentences(j.book)
	it.stateful, it.commits, it.folding = err == nil, false, folding{}
	if err == nil {
		if err = j.serving.read(snap, state); err != nil {
			j.engine.complain("a customer's state cannot be read", err)
			it.stateful = false
			it.answer.lack(StateUnreadable)
		}
	} else if isTimeout(err) {
		it.answer.lack(StoreTimeout)
	} else {
		it.answer.lack(StoreUnavailable)
	}
	if !it.stateful {
		state.Reset()
		it.answer.lack(FeaturesDefault)
		if !it.request.Preview {
			it.notStored()
		}
	} else {
		it.version = snap.Version
		if j.decides(it) {
			it.person.was(snap)
		}
		if failed := j.fold(it, snap, state); failed != nil {
			return failed
		}
	}
	if failed := j.read(it, state); failed != nil {
		return failed
	}
	j.engine.metrics.Vector.Observe(time.Since(start).Seconds())
	return nil
}

// fold makes the change that a request's events and key ask for.
func (j *scoring) fold(it *item, snap *store.Snapshot, state *features.State) error {
	r := it.request
	bound := snap.State == nil && snap.Tombstone != nil && j.decides(it) // by what outlived an erasure
	if len(r.Events) == 0 && r.IdempotencyKey == "" && !bound {
		return nil
	}
	f := &it.folding
	*f = newFolding(j.arena(), state)
	var first *event.Event
	if len(r.Events) > 0 {
		first = &r.Events[0]
	}
	if err := f.welcome(j.serving, r.Customer, snap, first, j.now); err != nil {
		// To go on would store a profile that has forgotten what the customer does not want.
		j.engine.complain("a tombstone cannot be read", err)
		it.stateful = false
		it.answer.lack(StateUnreadable)
		it.notStored()
		return nil
	}
	if snap.State == nil && j.decides(it) {
		it.person.was(snap)
	}
	for i := range r.Events {
		j.enricher.enrich(&r.Events[i], state)
		if f.fold(j.serving, &r.Events[i]) && j.book != nil {
			it.person.moments.note(j.book, state, &r.Events[i], true)
		}
	}
	it.counts = f.counts
	it.commits = !r.Preview && (len(r.Events) > 0 && f.changed() || r.IdempotencyKey != "")
	return nil
}

// arena is the memory of this call's changes.
func (j *scoring) arena() *arena {
	if j.memory == nil {
		j.memory = j.engine.arenas.Get().(*arena)
	}
	return j.memory
}

// read fills the vector and what follows from the state alone.
func (j *scoring) read(it *item, state *features.State) error {
	a, now := it.answer, j.now
	switch last := state.LastAt(); {
	case it.request.At != 0 && it.request.At < last:
		return &RequestError{Index: it.index, Field: "at", Err: features.ErrBeforeNewest, Message: beforeNewest(last)}
	case it.request.At != 0:
		now = it.request.At
	default:
		now = max(now, last) // a customer's clock may run ahead
	}
	a.At, a.Known = now, state.Events() > 0
	state.Conversation(now, &a.Said)
	if err := j.serving.features.Read(state, now, &it.request.Moment, it.row); err != nil {
		return &RequestError{Index: it.index, Field: "at", Message: err.Error(), Err: err}
	}
	it.age = time.Duration(now-state.LastAt()) * time.Millisecond
	a.Tags = j.serving.features.Tags(it.row, a.Tags)
	return nil
}

func beforeNewest(last int64) string {
	return fmt.Sprintf("is before the customer's newest event, expected %s or later", time.UnixMilli(last).UTC().Format("2006-01-02T15:04:05.000Z"))
}

// predict runs the models on all rows.
func (j *scoring) predict(ctx context.Context) {
	start := time.Now()
	j.predictions = models.PredictBatch(ctx, j.predictions[:0], j.models, j.rows)
	j.engine.metrics.Model.Observe(time.Since(start).Seconds())
	for i, it := range j.pending {
		all := j.predictions[i*len(j.models) : (i+1)*len(j.models)]
		if j.book != nil {
			it.person.predicted(all)
		}
		for _, p := range all {
			if len(it.request.Ask) > 0 && !slices.Contains(it.request.Ask, p.Task) {
				continue
			}
			it.answer.Predictions = append(it.answer.Predictions, p)
			switch {
			case p.Err == nil:
			case isTimeout(p.Err):
				it.answer.lack(ModelTimeout)
			default:
				it.answer.lack(ModelError + ":" + p.Task)
				j.engine.complain("model "+p.Model+" failed", p.Err)
			}
		}
	}
}

// commit stores what changed, and leaves pending what has to be made again.
func (j *scoring) commit(ctx context.Context) {
	j.changes, j.changed = j.changes[:0], j.changed[:0]
	for _, it := range j.pending {
		if !it.commits {
			continue
		}
		if it.request.IdempotencyKey != "" && !j.keep(it) {
			it.person.spent.giveBack()
			continue
		}
		j.changes, j.changed = append(j.changes, it.change), append(j.changed, it)
	}
	j.pending = j.pending[:0]
	if len(j.changes) == 0 {
		return
	}
	j.outcomes = slices.Grow(j.outcomes[:0], len(j.changes))[:len(j.changes)]
	if !j.engine.commit(ctx, j.changes, j.outcomes) {
		// The store may read the changes yet.
		j.memory, j.changes = nil, nil
	}
	for i, it := range j.changed {
		switch outcome := j.outcomes[i]; {
		case outcome == nil:
			j.engine.count(it.counts)
			j.engine.decided(it.person, it.request.Customer)
		case outcome == store.ErrConflict:
			it.person.spent.giveBack()
			j.pending = append(j.pending, it)
		default:
			j.engine.complain("scored events cannot be stored", outcome)
			it.notStored()
			it.unsettle()
		}
	}
}
