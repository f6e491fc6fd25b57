package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

// ErrNoDecision is about a decision, or an action of one, that never was or that nothing is known of any more.
var ErrNoDecision = errors.New("there is no such decision, or it is no longer known")

// Told is what a caller says became of an action.
type Told struct {
	DecisionID string
	ActionID   string
	Outcome    string // one of OutcomeNames
	Value      float64
	HasValue   bool
	At         int64 // Unix milliseconds; 0: now
}

// outcomeEvents are the events that tell of outcomes, by what callers name these.
var outcomeEvents = map[string]struct {
	outcome features.Outcomes
	event   string
}{
	features.Shown.String():     {features.Shown, event.ActionShown},
	features.Accepted.String():  {features.Accepted, event.ActionAccepted},
	features.Declined.String():  {features.Declined, event.ActionDeclined},
	features.Dismissed.String(): {features.Dismissed, event.ActionDismissed},
	features.Converted.String(): {features.Converted, event.ActionConverted},
	features.Expired.String():   {features.Expired, event.ActionExpired},
}

// OutcomeNames are what may become of an action.
func OutcomeNames() []string {
	var names []string
	for o := features.Shown; o <= features.Expired; o <<= 1 {
		names = append(names, o.String())
	}
	return names
}

// Tell folds what became of an action into its customer, as an event. Told again it changes nothing, and counts as a duplicate. The
// error is ErrNoDecision, or about the store.
func (e *Engine) Tell(ctx context.Context, told Told) (Ingested, error) {
	customer, err := e.customerOf(ctx, told.DecisionID)
	if err != nil {
		return Ingested{}, err
	}
	contact, err := e.contact(ctx, customer, told.ActionID)
	if err != nil {
		return Ingested{}, err
	}
	if contact == nil || contact.Decision() != told.DecisionID {
		return Ingested{}, ErrNoDecision
	}
	if contact.Outcomes&outcomeEvents[told.Outcome].outcome != 0 {
		return Ingested{Duplicates: 1}, nil
	}
	done := e.Ingest(ctx, []event.Event{told.event(customer, contact, e.Now())})
	if len(done.Failed) > 0 {
		return Ingested{}, fmt.Errorf("store an outcome: %w", done.Err)
	}
	return done, nil
}

// event is the outcome as the customer's event. The same outcome has the same id, whoever tells of it.
func (t *Told) event(customer string, c *features.Contact, now int64) event.Event {
	e := event.Event{
		ID: "outcome-" + c.ID + "-" + t.Outcome, Type: event.Track, Name: outcomeEvents[t.Outcome].event, At: now, ReceivedAt: now,
	}
	if t.At > 0 {
		e.At = max(t.At, c.At) // clocks differ: nothing comes of an action before it is issued
	}
	var anonymous bool
	if e.AnonymousID, anonymous = strings.CutPrefix(customer, event.AnonymousPrefix); !anonymous {
		e.CustomerID, e.AnonymousID = customer, ""
	}
	for _, f := range [...]struct{ key, value string }{
		{"action_id", c.ID}, {"decision_id", t.DecisionID}, {"action", c.Action}, {"kind", c.Kind}, {"action_channel", c.Channel},
		{"variant", c.Variant}, {"play", c.Play},
	} {
		if f.value != "" {
			e.Properties = append(e.Properties, event.Field{Key: f.key, Value: event.StringValue(f.value)})
		}
	}
	if t.HasValue {
		e.Properties = append(e.Properties, event.Field{Key: "value", Value: event.NumberValue(t.Value)})
	}
	return e
}

// customerOf finds whom a decision is about.
func (e *Engine) customerOf(ctx context.Context, decision string) (string, error) {
	shard, ok := shardOfDecision(decision)
	if !ok || shard >= e.store.Shards() {
		return "", ErrNoDecision
	}
	customer, err := beside(e, time.Now().Add(patience(ctx)), func(ctx context.Context) (string, error) {
		id, _, _, err := e.store.Link(ctx, shard, decision)
		return id, err
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("look a decision up: %w", err)
	case customer == "":
		return "", ErrNoDecision
	}
	return customer, nil
}

// contact finds an action that was issued to a customer, nil when there is none.
func (e *Engine) contact(ctx context.Context, customer, action string) (*features.Contact, error) {
	s, snapshot := e.acquire()
	defer e.release(snapshot)
	state, err := e.state(ctx, s, customer)
	if err != nil {
		return nil, err
	}
	return state.Contact(action), nil
}
