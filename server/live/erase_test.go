package live_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

func TestWhoWasErasedAndWantsNothingIsIssuedNothing(t *testing.T) {
	for name, r := range map[string]live.Request{
		"asked":         {Customer: "gone"},
		"asked by key":  {Customer: "gone", IdempotencyKey: "k"},
		"asked to show": {Customer: "gone", Preview: true},
	} {
		t.Run(name, func(t *testing.T) {
			e := optedOutAndErased(t)
			e.play(book)
			r.Moment.Channel = "web"
			a := e.score(r)
			require.Equal(t, []string{"note"}, names(actions(t, a.Actions)), "staff alone are told")
			require.Equal(t, "opted_out", whys(actions(t, a.Withheld))["guide"])
			if !r.Preview {
				e.mustBeSilent("gone")
			}
		})
	}
}

func TestNothingIsIssuedWhenItIsNotKnownWhatOutlivedAnErasure(t *testing.T) {
	e := optedOutAndErased(t)
	e.play(book)
	e.driver.change(func() { e.driver.garble, e.driver.commits = true, 0 })
	a := e.score(live.Request{Customer: "gone"})
	require.Empty(t, actions(t, a.Actions))
	require.Equal(t, map[string]string{"guide": "unavailable", "note": "unavailable"}, whys(actions(t, a.Withheld)))
	require.Contains(t, a.Degraded, live.StateUnreadable)
	require.Zero(t, e.driver.commits, "a profile that has forgotten what the customer does not want would be stored")
}
