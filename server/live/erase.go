package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
)

// Tombstone is what an erasure leaves behind. The store files it under a hash of the id.
type Tombstone struct {
	ErasedAt time.Time `json:"erased_at"`
	All      bool      `json:"opted_out,omitempty"`
	Scopes   []string  `json:"opted_out_of,omitempty"`
}

// event is the opt-out as an event of the customer, arriving just before the first that is heard of them again. It must be folded, so it
// does not share that one's time when that is long past.
func (t *Tombstone) event(id string, version uint64, first *event.Event, now int64) *event.Event {
	out := event.BoolValue(true)
	if !t.All {
		out = event.Value{Kind: event.List}
		for _, scope := range t.Scopes {
			out.Items = append(out.Items, event.Field{Value: event.StringValue(scope)})
		}
	}
	e := &event.Event{
		ID: fmt.Sprintf("tombstone-%d", version), Type: event.Identify, Name: event.Identified, At: now, ReceivedAt: now,
		Traits: event.Object{{Key: "opt_out", Value: out}},
	}
	if first != nil {
		e.At, e.ReceivedAt = first.At, first.ReceivedAt
		if e.ReceivedAt-e.At > (24 * time.Hour).Milliseconds() {
			e.At = e.ReceivedAt
		}
	}
	var anonymous bool
	if e.AnonymousID, anonymous = strings.CutPrefix(id, event.AnonymousPrefix); !anonymous {
		e.CustomerID, e.AnonymousID = id, ""
	}
	return e
}

// Erase deletes a customer's state, timers and journal, archived parts of it included, and leaves a tombstone. Whatever is sent of them later begins anew, except
// that an opt-out lasts. It can be repeated when it fails. Existed is false when nothing was known of the customer.
func (e *Engine) Erase(ctx context.Context, id string) (existed bool, err error) {
	s, snapshot := e.acquire()
	defer e.release(snapshot)
	var version uint64 // the last of the life that ends
	for attempt := range maxAttempts {
		if err := pause(ctx, backoff(attempt)); err != nil {
			return existed, err
		}
		version, existed, err = e.tryErase(ctx, s, id)
		if !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	if err != nil {
		return existed, fmt.Errorf("erase customer: %w", err)
	}
	if _, err := e.store.Scrub(ctx, id, version); err != nil {
		return existed, fmt.Errorf("remove a customer from the journal: %w", err)
	}
	for _, c := range e.copies {
		if _, err := c.Scrub(ctx, id, version); err != nil {
			return existed, fmt.Errorf("remove a customer from the archive: %w", err)
		}
	}
	return existed, nil
}

func (e *Engine) tryErase(ctx context.Context, s *Serving, id string) (version uint64, existed bool, err error) {
	f, err := e.load([]string{id}, patience(ctx))
	if err != nil {
		return 0, false, err
	}
	snap := f.out[0]
	left := Tombstone{ErasedAt: e.now().UTC().Truncate(time.Millisecond)}
	if snap.State != nil {
		state := s.states.Get().(*features.State)
		defer s.states.Put(state)
		// A state that cannot be read must be possible to erase all the same.
		if err := s.read(&snap, state); err == nil {
			opted := state.OptOut()
			left.All, left.Scopes = opted.All, slices.Clone(opted.Scopes)
		}
	}
	e.done(f)
	if snap.State == nil {
		return snap.Version, false, nil
	}
	tombstone, err := json.Marshal(left)
	if err != nil {
		return snap.Version, true, err
	}
	outcomes := make([]error, 1)
	e.commit(ctx, []store.Change{{ID: id, Expect: snap.Version, Erase: true, Tombstone: tombstone}}, outcomes)
	return snap.Version, true, outcomes[0]
}
