package live

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
)

// Profile is everything that is known of a customer at an instant.
type Profile struct {
	CustomerID      string
	Known           bool
	At              int64 // Unix milliseconds, as the others
	FirstAt, LastAt int64 // of events; 0: none
	Events          int64
	Features        []features.Feature
	Vector          []float32
	Tags            []string
	Predictions     []models.Prediction
	Cart            features.Cart
	Traits          event.Object
	OptOut          features.OptOut
	Revision        string
	Playbook        string   // revision of what decides; empty: nothing does
	Recent          []Record // nil: not asked for
}

// state reads what is known of a customer.
func (e *Engine) state(ctx context.Context, s *Serving, id string) (*features.State, error) {
	f, err := e.load([]string{id}, patience(ctx))
	if err != nil {
		return nil, fmt.Errorf("load customer: %w", err)
	}
	defer e.done(f)
	state := s.features.NewState()
	if err := s.read(&f.out[0], state); err != nil {
		return nil, fmt.Errorf("read a customer's state: %w", err)
	}
	return state, nil
}

// Profile reads a customer at an instant, now when at is 0. An instant before their newest event is refused with a *RequestError. The
// context bounds the waiting for the store and for the models.
func (e *Engine) Profile(ctx context.Context, id string, at int64) (*Profile, error) {
	s, snapshot := e.acquire()
	defer e.release(snapshot)
	state, err := e.state(ctx, s, id)
	if err != nil {
		return nil, err
	}
	if at == 0 {
		at = max(e.Now(), state.LastAt())
	}
	if at < state.LastAt() {
		return nil, &RequestError{Field: "at", Message: beforeNewest(state.LastAt()), Err: features.ErrBeforeNewest}
	}
	p := &Profile{
		CustomerID: id, Known: state.Events() > 0, At: at, FirstAt: state.FirstAt(), LastAt: state.LastAt(), Events: state.Events(),
		Features: s.features.Features(), Vector: make([]float32, s.features.Len()), Revision: s.features.Revision(),
		Cart: state.Cart(), Traits: state.Traits(), OptOut: state.OptOut(),
	}
	if book := s.book.Load(); book != nil {
		p.Playbook = book.Revision
	}
	if err := s.features.Read(state, at, &features.Moment{}, p.Vector); err != nil {
		return nil, fmt.Errorf("read features: %w", err)
	}
	p.Tags = s.features.Tags(p.Vector, nil)
	p.Predictions = models.Predict(ctx, nil, snapshot.Models(), p.Vector)
	for i := range p.Predictions {
		if err := p.Predictions[i].Err; err != nil {
			e.complain("model "+p.Predictions[i].Model+" failed", err)
		}
	}
	return p, nil
}

// AppendJSON appends the profile; a feature that is missing is null.
func (p *Profile) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"customer_id":`...)
	dst = appendText(dst, p.CustomerID)
	dst = append(dst, `,"known":`...)
	dst = strconv.AppendBool(dst, p.Known)
	dst = append(dst, `,"at":`...)
	dst = appendTime(dst, p.At)
	dst = append(dst, `,"events":`...)
	dst = strconv.AppendInt(dst, p.Events, 10)
	dst = appendTimeOrNull(append(dst, `,"first_event_at":`...), p.FirstAt)
	dst = appendTimeOrNull(append(dst, `,"last_event_at":`...), p.LastAt)
	dst = append(dst, `,"features":{`...)
	for i, f := range p.Features {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, f.Name), ':')
		dst = appendNumber(dst, p.Vector[i])
	}
	dst = appendTexts(append(dst, `},"tags":`...), p.Tags)
	dst = appendPredictions(append(dst, `,"predictions":`...), p.Predictions, nil)
	dst = p.appendCart(append(dst, `,"cart":`...))
	dst = p.Traits.AppendJSON(append(dst, `,"traits":`...))
	dst = p.appendOptOut(append(dst, `,"opt_out":`...))
	dst = appendText(append(dst, `,"revisions":{"features":`...), p.Revision)
	dst = append(appendRevision(append(dst, `,"playbook":`...), p.Playbook), '}')
	if p.Recent != nil { // asked for
		dst = p.appendRecent(dst)
	}
	return append(dst, '}')
}

func (p *Profile) appendCart(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"items":`...), p.Cart.Items, 10)
	dst = strconv.AppendInt(append(dst, `,"lines":`...), p.Cart.Lines, 10)
	dst = strconv.AppendFloat(append(dst, `,"total":`...), p.Cart.Total, 'g', -1, 64)
	dst = appendTimeOrNull(append(dst, `,"opened_at":`...), p.Cart.OpenedAt)
	return append(dst, '}')
}

func (p *Profile) appendOptOut(dst []byte) []byte {
	if p.OptOut.All {
		return append(dst, "true"...)
	}
	return appendTexts(dst, slices.Sorted(slices.Values(p.OptOut.Scopes)))
}

func appendTimeOrNull(dst []byte, ms int64) []byte {
	if ms == 0 {
		return append(dst, "null"...)
	}
	return appendTime(dst, ms)
}

// appendRecent writes the events and the decisions each in a list of its own.
func (p *Profile) appendRecent(dst []byte) []byte {
	for _, list := range []struct {
		name  string
		holds func(store.RecordKind) bool
	}{
		{"recent_events", func(k store.RecordKind) bool { return k == store.RecordEvent || k == store.RecordSkipped }},
		{"recent_decisions", func(k store.RecordKind) bool { return k == store.RecordDecision }},
	} {
		dst = append(append(append(dst, `,"`...), list.name...), `":[`...)
		start := len(dst)
		for _, r := range p.Recent {
			if !list.holds(r.Kind) {
				continue
			}
			if len(dst) > start {
				dst = append(dst, ',')
			}
			dst = append(dst, r.Data...)
		}
		dst = append(dst, ']')
	}
	return dst
}
