package rehearse

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/offpolicy"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

func compiled(t *testing.T, text string) *playbook.Playbook {
	t.Helper()
	book, err := playbook.Parse([]byte("version: 1\n"+text), playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()})
	require.NoError(t, err)
	return book
}

const plain, warm = "plain: {text: a}", "warm: {text: b}"

func wordings(variants string) string {
	return "actions: {coupon: {kind: coupon, channels: [web], value: 5, variants: {" + variants + "}, learning: {mode: equal}}}\n" +
		"plays: [{name: always, ask: true, propose: [coupon]}]\n"
}

// logged is a server that was asked about customers, one in two of whom saw each wording: of the plain one in ten accepted, of the warm
// one in two.
func logged(t *testing.T, customers int) *served {
	t.Helper()
	s := serve(t, features.Default(), compiled(t, wordings(plain+", "+warm)), nil)
	s.clock.Store(1_700_000_000_000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range customers {
		answers := make([]live.Answer, 1)
		id := fmt.Sprint("c", i)
		require.NoError(t, s.Score([]live.Request{{Customer: id, Moment: features.Moment{Channel: "web"}}}, answers))
		var actions []struct{ ID, Variant string }
		require.NoError(t, json.Unmarshal(answers[0].Actions, &actions))
		require.Len(t, actions, 1)
		if rate := map[string]float64{"plain": 0.1, "warm": 0.5}[actions[0].Variant]; r.Float64() < rate {
			e := event.Event{ID: "o" + id, Type: event.Track, Name: event.ActionAccepted, CustomerID: id, At: s.clock.Load() + 1000, ReceivedAt: s.clock.Load() + 1000,
				Properties: event.Object{{Key: "action_id", Value: event.StringValue(actions[0].ID)}}}
			require.NoError(t, s.Ingest(t.Context(), []event.Event{e}).Err)
		}
	}
	return s
}

func weigh(t *testing.T, s *served, text string) *Estimate {
	t.Helper()
	e, err := Weigh(t.Context(), "", s.store, features.Default(), Policy{Name: "new", Playbook: compiled(t, text)})
	require.NoError(t, err)
	return e
}

func TestALogTellsWhatAnotherWordingEarns(t *testing.T) {
	s := logged(t, 1000)
	better := weigh(t, s, wordings(warm))
	// Chance draws the wordings: of some hundreds of logs, one has so few of one of them that it does not cover the policy.
	for range 2 {
		if better.Verdict == offpolicy.CannotTell {
			s = logged(t, 1000)
			better = weigh(t, s, wordings(warm))
		}
	}
	require.Equal(t, offpolicy.Better, better.Verdict, better.Why)
	require.Equal(t, 1000, better.Decisions)
	require.Zero(t, better.Unread)
	require.InDelta(t, 500, better.Effective, 50, "one in two decisions was what it would have done")
	for _, estimate := range []*Interval{better.SNIPS, better.DR} {
		require.InDelta(t, 0.5, estimate.Value, 0.05)
		require.Less(t, estimate.Low, 0.5)
		require.Greater(t, estimate.High, 0.5)
	}
	require.InDelta(t, 0.3, better.Logged.Value, 0.05)

	require.Equal(t, offpolicy.Worse, weigh(t, s, wordings(plain)).Verdict)

	same := weigh(t, s, wordings(plain+", "+warm))
	require.InDelta(t, same.Logged.Value, same.SNIPS.Value, 1e-9, "it does what was done")
	require.InDelta(t, 1000, same.Effective, 1e-6)
}

func TestALogThatCannotTell(t *testing.T) {
	few := weigh(t, logged(t, 30), wordings(warm))
	require.Equal(t, offpolicy.CannotTell, few.Verdict)
	require.Equal(t, string(offpolicy.FewSamples), few.Why)

	s := logged(t, 400)
	other := weigh(t, s, "actions: {call: {kind: call, channels: [web], value: 5}}\nplays: [{name: always, ask: true, propose: [call]}]\n")
	require.Equal(t, offpolicy.CannotTell, other.Verdict)
	_, err := json.Marshal(other)
	require.NoError(t, err, "what is no number is left out")

	none := weigh(t, serve(t, features.Default(), compiled(t, wordings(warm)), nil), wordings(warm))
	require.Equal(t, NothingLogged(), none)
}
