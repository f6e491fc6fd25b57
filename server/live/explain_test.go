package live_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/server/live"
)

// saving is a playbook whose one play reads churn.
const saving = `
version: 1
actions: {call: {kind: call, channels: [web], value: 5}}
plays: [{name: save, ask: true, when: features.orders_90d < 9 && features.cart_items == 0 && predictions.churn > 0, propose: [call]}]
`

// smooth is a model to whose score every input does something.
func smooth(b *bundletest.Bundle) { *b = bundletest.Plain("plain") }

type explained struct {
	Actions []struct {
		Reasons []struct {
			Text, Feature string
			Value         *float64
			Effect        *float64
		}
	}
	Predictions map[string]struct {
		Because []struct {
			Text, Feature string
			Effect        float64
		}
	}
	Degraded []string
}

func (e *engine) explained(r live.Request) (out explained) {
	e.t.Helper()
	r.Customer, r.Moment = "c", features.Moment{Channel: "web"}
	a := e.score(r)
	text := a.AppendJSON(nil)
	require.NoError(e.t, json.Unmarshal(text, &out), "%s", text)
	return out
}

func TestReasonsAreSentences(t *testing.T) {
	e := newEngine(t, nil)
	e.play(saving)
	e.happens("Order Completed", `{"revenue":20}`)
	got := e.explained(live.Request{})
	require.Len(t, got.Actions, 1)
	var texts []string
	for _, r := range got.Actions[0].Reasons {
		texts = append(texts, r.Text)
		require.Nil(t, r.Effect, "nobody asked")
	}
	require.Equal(t, []string{"ordered once in 90 days", "has nothing in the cart"}, texts[:2])
	require.Regexp(t, `^likely to leave: \d+%$`, texts[2])
	require.Nil(t, got.Predictions["churn"].Because)
}

func TestExplainTellsWhatFeaturesDoToTheScore(t *testing.T) {
	e := newEngine(t, smooth)
	e.play(saving)
	e.happens("Order Completed", `{"revenue":3}`)
	got := e.explained(live.Request{Explain: true})
	require.Len(t, got.Actions, 1)
	reasons := got.Actions[0].Reasons
	require.NotNil(t, reasons[0].Effect, "an input of the bundle that the play reads")
	require.Nil(t, reasons[1].Effect, "no input of it")
	because := got.Predictions["churn"].Because
	require.NotEmpty(t, because)
	found := false
	for i, c := range because {
		require.NotEmpty(t, c.Text)
		require.NotZero(t, c.Effect)
		require.True(t, i == 0 || max(c.Effect, -c.Effect) <= max(because[i-1].Effect, -because[i-1].Effect), "the greatest come first")
		if c.Feature == "orders_90d" {
			found = true
			require.InDelta(t, *reasons[0].Effect, c.Effect, 1e-9)
		}
	}
	require.True(t, found || *reasons[0].Effect == 0)
}

func TestExplainWithoutActionsAndWithoutAPlaybook(t *testing.T) {
	e := newEngine(t, smooth)
	e.happens("Order Completed", `{"revenue":3}`)
	require.NotEmpty(t, e.explained(live.Request{Explain: true}).Predictions["churn"].Because)
	e.play(saving)
	require.NotEmpty(t, e.explained(live.Request{Explain: true, Actions: live.Wish{None: true}}).Predictions["churn"].Because)
}

func TestAnExplanationThatIsLateIsLeftOut(t *testing.T) {
	e := newEngine(t, nil)
	e.play(saving)
	// There is one place to run models, and it is taken.
	require.NoError(t, e.runtime.Acquire(t.Context()))
	got := e.explained(live.Request{Explain: true, Deadline: 50 * time.Millisecond})
	e.runtime.Release()
	require.Contains(t, got.Degraded, live.ExplainTimeout)
	require.Nil(t, got.Predictions["churn"].Because)
}
