package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// Ingested is what became of a batch of events.
type Ingested struct {
	Accepted   int // folded, or journaled because they are too old to fold
	Duplicates int
	// Failed are the positions, ascending, of events of which it is not known whether they were stored. Sending them again is safe
	// when they have ids.
	Failed []int
	// Err is why; it may be about the store or a customer's state.
	Err error
	// Actions are what the events brought about, as JSON: objects, with commas between.
	Actions []byte
}

// group is the events of one customer, in the order they came.
type group struct {
	id     string
	events []int
	counts counts
	person *person // nil: nothing is decided
}

// Ingest folds events into their customers, in their order. The context bounds the waiting for the store.
func (e *Engine) Ingest(ctx context.Context, events []event.Event) Ingested {
	return e.ingest(ctx, events, true)
}

// Import is Ingest for events of the past: they bring nothing about.
func (e *Engine) Import(ctx context.Context, events []event.Event) Ingested {
	return e.ingest(ctx, events, false)
}

func (e *Engine) ingest(ctx context.Context, events []event.Event, fresh bool) Ingested {
	s, snapshot := e.acquire()
	defer e.release(snapshot)
	pending := groupByCustomer(events)
	in := ingestion{
		engine: e, serving: s, book: s.book.Load(), models: snapshot.Models(), events: events, fresh: fresh,
		enricher: e.newEnricher(snapshot, patience(ctx)),
	}
	if pending = in.try(ctx, pending); len(pending) > 0 {
		in.insist(ctx, pending)
	}
	slices.Sort(in.result.Failed)
	e.metrics.NotStored.Add(float64(len(in.result.Failed)))
	return in.result
}

func groupByCustomer(events []event.Event) []*group {
	var groups []*group
	byID := make(map[string]*group, len(events))
	for i := range events {
		events[i].AssignID()
		id := events[i].Key()
		g := byID[id]
		if g == nil {
			g = &group{id: id}
			byID[id] = g
			groups = append(groups, g)
		}
		g.events = append(g.events, i)
	}
	return groups
}

type ingestion struct {
	engine  *Engine
	serving *Serving
	book    *playbook.Playbook // nil: nothing is decided
	models  []*models.Model
	events  []event.Event
	fresh   bool // they happen now, and may bring something about
	result  Ingested
	enricher
}

func (in *ingestion) fail(groups []*group, err error) {
	in.result.Err = errors.Join(in.result.Err, err)
	for _, g := range groups {
		in.result.Failed = append(in.result.Failed, g.events...)
	}
}

// insist tries again, in turn with the others of this server whose customers keep moving on.
func (in *ingestion) insist(ctx context.Context, pending []*group) {
	leave, err := in.engine.turns.take(ctx, customers(pending))
	if err != nil {
		in.fail(pending, err)
		return
	}
	defer leave()
	for attempt := 1; len(pending) > 0; attempt++ {
		if attempt == maxAttempts {
			in.fail(pending, fmt.Errorf("%d attempts: %w", attempt, store.ErrConflict))
			return
		}
		if err := pause(ctx, backoff(attempt)); err != nil {
			in.fail(pending, err)
			return
		}
		pending = in.try(ctx, pending)
	}
}

func customers(groups []*group) []string {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.id
	}
	return ids
}

// try loads, folds and commits, and returns the groups whose customers have moved on.
func (in *ingestion) try(ctx context.Context, groups []*group) (conflicted []*group) {
	f, err := in.engine.load(customers(groups), patience(ctx))
	if err != nil {
		in.fail(groups, fmt.Errorf("load customers: %w", err))
		return nil
	}
	memory := in.engine.arenas.Get().(*arena)
	changes, changed := in.fold(ctx, groups, f.out, memory)
	in.engine.done(f)
	outcomes := make([]error, len(changes))
	if in.engine.commit(ctx, changes, outcomes) {
		memory.reset()
		in.engine.arenas.Put(memory)
	}
	for i, g := range changed {
		switch {
		case outcomes[i] == nil:
			in.settle(g.counts)
			in.issued(g)
		case errors.Is(outcomes[i], store.ErrConflict):
			in.takeBack(g)
			conflicted = append(conflicted, g)
		default:
			in.fail([]*group{g}, fmt.Errorf("commit customers: %w", outcomes[i]))
		}
	}
	return conflicted
}

// fold makes the changes. Groups that change nothing are settled, those that cannot be read are failed.
func (in *ingestion) fold(ctx context.Context, groups []*group, snaps []store.Snapshot, memory *arena) (changes []store.Change, changed []*group) {
	state := in.serving.states.Get().(*features.State)
	defer in.serving.states.Put(state)
	for i, g := range groups {
		if err := in.serving.read(&snaps[i], state); err != nil {
			in.fail([]*group{g}, fmt.Errorf("read a customer's state: %w", err))
			continue
		}
		f := newFolding(memory, state)
		if err := f.welcome(in.serving, g.id, &snaps[i], &in.events[g.events[0]], in.engine.Now()); err != nil {
			in.fail([]*group{g}, err)
			continue
		}
		in.begin(g, state, &snaps[i])
		for _, at := range g.events {
			in.enrich(&in.events[at], state)
			if f.fold(in.serving, &in.events[at]) && g.person != nil {
				g.person.moments.note(in.book, state, &in.events[at], in.fresh)
			}
		}
		g.counts = f.counts
		if !f.changed() {
			in.settle(g.counts)
			continue
		}
		changes, changed = append(changes, in.change(ctx, g, &f, &snaps[i])), append(changed, g)
	}
	return changes, changed
}

func (in *ingestion) settle(c counts) {
	in.result.Accepted += c.folded + c.tooOld
	in.result.Duplicates += c.duplicates
	in.engine.count(c)
}

// patience is how long ctx still lasts.
func patience(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Hour
	}
	return time.Until(deadline)
}

// pause sleeps, but not beyond ctx.
func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
