package live_test

import (
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
)

// optedOutAndErased is an engine that "gone" has left, asking for silence.
func optedOutAndErased(t *testing.T) *engine {
	t.Helper()
	e := newEngine(t, nil)
	leave := event.Event{
		ID: "leave", Type: event.Identify, Name: event.Identified, CustomerID: "gone", At: noon.UnixMilli(), ReceivedAt: noon.UnixMilli(),
		Traits: event.Object{{Key: "opt_out", Value: event.BoolValue(true)}},
	}
	if in := e.Ingest(t.Context(), []event.Event{leave}); in.Err != nil {
		t.Fatal(in.Err)
	}
	if existed, err := e.Erase(t.Context(), "gone"); err != nil || !existed {
		t.Fatal(existed, err)
	}
	return e
}

func (e *engine) mustBeSilent(id string) {
	e.t.Helper()
	p, err := e.Profile(e.t.Context(), id, 0)
	if err != nil {
		e.t.Fatal(err)
	}
	if !p.OptOut.All {
		e.t.Error("the opt-out was lost")
	}
}

func TestAnOptOutOutlivesErasure(t *testing.T) {
	for name, age := range map[string]time.Duration{"fresh": 0, "late": 40 * 24 * time.Hour, "too old to fold": 400 * 24 * time.Hour} {
		t.Run("an event that is "+name, func(t *testing.T) {
			e := optedOutAndErased(t)
			back := event.Event{ID: "back", Name: "Product Viewed", CustomerID: "gone", At: noon.Add(-age).UnixMilli(), ReceivedAt: noon.UnixMilli()}
			in := e.Ingest(t.Context(), []event.Event{back})
			if in.Err != nil || in.Accepted != 1 {
				t.Fatalf("got %+v, expected one accepted event", in)
			}
			e.mustBeSilent("gone")
		})
	}
	t.Run("a score that is kept", func(t *testing.T) {
		e := optedOutAndErased(t)
		answers := make([]live.Answer, 1)
		if err := e.Score([]live.Request{{Customer: "gone", IdempotencyKey: "k"}}, answers); err != nil {
			t.Fatal(err)
		}
		e.mustBeSilent("gone")
	})
}
