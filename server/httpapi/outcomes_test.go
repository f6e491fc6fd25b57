package httpapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// shop is a playbook that offers, thanks and counts.
const shop = `
version: 1
caps: [{name: once, scope: {action: coupon}, max: 1, per: 1h}]
fatigue: {declines: 1, silence: 30d}
actions:
  coupon: {kind: coupon, channels: [web], value: 6, cost: 1, content: {off: 5}, variants: {plain: {text: a}, warm: {text: b}}}
  thanks: {kind: note, channels: [web]}
  alert: {kind: alert, audience: staff}
plays:
  - {name: offer, ask: true, propose: [{action: coupon, likelihood: 0.5}]}
  - {name: thank, on: Action Accepted, when: event.properties.action == "coupon", propose: [thanks]}
  - {name: trouble, on: Error Shown, when: features.errors_1h >= 1, propose: [alert]}
`

func withShop(t *testing.T) *harness {
	t.Helper()
	return newHarness(t, func(o *Options) {
		book, err := playbook.Parse([]byte(shop), o.Engine.Vocabulary())
		require.NoError(t, err)
		o.Engine.Play(book)
	})
}

// offered is a decision that issues a coupon, and the coupon.
func (h *harness) offered(t *testing.T, customer string) (decision, action string) {
	t.Helper()
	v := h.do("POST", "/score", `{"customer_id":"`+customer+`","channel":"web"}`).json(t)
	require.Len(t, v["actions"], 1, v)
	coupon := v["actions"].([]any)[0].(map[string]any)
	require.Equal(t, "coupon", coupon["action"])
	return v["decision_id"].(string), coupon["id"].(string)
}

func outcomeOf(decision, action, outcome string) string {
	return fmt.Sprintf(`{"decision_id":%q,"action_id":%q,"outcome":%q}`, decision, action, outcome)
}

func TestOutcomesAreToldOnce(t *testing.T) {
	h := withShop(t)
	decision, action := h.offered(t, "c")
	told := func(body string) map[string]any {
		t.Helper()
		got := h.do("POST", "/outcomes", body)
		require.Equal(t, 200, got.status, string(got.body))
		return got.json(t)
	}
	assert.Equal(t, map[string]any{"accepted": 1.0, "duplicates": 0.0}, told(outcomeOf(decision, action, "shown")))
	assert.Equal(t, map[string]any{"accepted": 0.0, "duplicates": 1.0}, told(outcomeOf(decision, action, "shown")))

	v := told(`{"decision_id":"` + decision + `","action_id":"` + action + `","outcome":"accepted","value":12.5,"at":"2026-01-31T12:00:01Z"}`)
	require.Len(t, v["actions"], 1, "what is told may fire a play")
	thanks := v["actions"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{"thanks", "thank", "c"}, []any{thanks["action"], thanks["play"], thanks["customer_id"]})
	assert.Equal(t, map[string]any{"accepted": 0.0, "duplicates": 1.0}, told(outcomeOf(decision, action, "accepted")), "and fires it once")

	events := h.do("GET", "/customers/c?recent=100", "").json(t)["recent_events"].([]any)
	require.Len(t, events, 2, "one each, as the customer's own")
	accepted := events[1].(map[string]any)
	assert.Equal(t, []any{"Action Accepted", "2026-01-31T12:00:01.000Z"}, []any{accepted["event"], accepted["at"]})
	assert.Equal(t, map[string]any{"decision_id": decision, "action_id": action, "action": "coupon", "kind": "coupon", "action_channel": "web",
		"variant": accepted["properties"].(map[string]any)["variant"], "play": "offer", "value": 12.5}, accepted["properties"])
	assert.Contains(t, string(h.do("GET", "/metrics", "").body), `halfstep_events_total{outcome="accepted"} 2`)
}

func TestOutcomesBindWhatComesNext(t *testing.T) {
	h := withShop(t)
	why := func() any {
		t.Helper()
		v := h.do("POST", "/score", `{"customer_id":"c","channel":"web","mode":"preview"}`).json(t)
		if withheld := v["withheld"].([]any); len(withheld) == 1 {
			return withheld[0].(map[string]any)["why"]
		}
		return nil
	}
	assert.Nil(t, why())
	decision, action := h.offered(t, "c")
	assert.Equal(t, "capped", why())
	require.Equal(t, 200, h.do("POST", "/outcomes", outcomeOf(decision, action, "expired")).status)
	assert.Nil(t, why(), "what expired unseen is given back")
	decision, action = h.offered(t, "c")
	require.Equal(t, 200, h.do("POST", "/outcomes", outcomeOf(decision, action, "declined")).status)
	assert.Equal(t, "fatigued", why())
}

func TestOutcomesOfNoDecision(t *testing.T) {
	h := withShop(t)
	decision, action := h.offered(t, "c")
	other, otherAction := h.offered(t, "d")
	for _, ids := range [][2]string{
		{decision, otherAction}, {other, action}, {decision, decision + ".99"}, {decision, "x"}, {"x", "x.0"}, {"zzzz-1", "zzzz-1.0"}, {"ffff-1", "ffff-1.0"},
		{decision[:len(decision)-1] + "!", action}, {"0000-01ARZ3NDEKTSV4RRFFQ69G5FAV", "0000-01ARZ3NDEKTSV4RRFFQ69G5FAV.1"},
	} {
		got := h.do("POST", "/outcomes", outcomeOf(ids[0], ids[1], "shown"))
		assert.Equal(t, 404, got.status, "%v: %s", ids, got.body)
		assert.Equal(t, "/problems/unknown-decision", got.json(t)["type"])
	}
	require.Equal(t, 204, h.do("DELETE", "/customers/c", "").status)
	assert.Equal(t, 404, h.do("POST", "/outcomes", outcomeOf(decision, action, "shown")).status, "of a customer who was erased")
	assert.Equal(t, 200, h.do("POST", "/outcomes", outcomeOf(other, otherAction, "shown")).status, "the server goes on")
}

func TestWrongOutcomes(t *testing.T) {
	h := withShop(t)
	for body, field := range map[string]string{
		`{"action_id":"a","outcome":"shown"}`:                                                      "decision_id",
		`{"decision_id":"a","outcome":"shown"}`:                                                    "action_id",
		`{"decision_id":"a","action_id":"b"}`:                                                      "outcome",
		`{"decision_id":"a","action_id":"b","outcome":"seen"}`:                                     "outcome",
		`{"decision_id":"a","action_id":"b","outcome":"shown","value":"3"}`:                        "value",
		`{"decision_id":"a","action_id":"b","outcome":"shown","value":1e300}`:                      "value",
		`{"decision_id":"a","action_id":"b","outcome":"shown","at":"today"}`:                       "at",
		`{"decision_id":"a","action_id":"b","outcome":"shown","vaule":3}`:                          "vaule",
		`{"decision_id":"` + strings.Repeat("a", 200) + `","action_id":"b","outcome":"converted"}`: "decision_id",
	} {
		got := h.do("POST", "/outcomes", body)
		assert.Equal(t, 400, got.status, body)
		assert.Equal(t, field, got.json(t)["field"], body)
	}
	assert.Equal(t, 400, h.do("POST", "/outcomes", `[]`).status)
	assert.Equal(t, 400, h.do("POST", "/outcomes", `{"decision_id":"a","action_id":"b","outcome":"shown"} {}`).status)
}

// lost is a store that cannot say whose a decision is.
type lost struct{ store.Driver }

func (lost) Link(context.Context, int, string) (id, after string, ok bool, err error) {
	return "", "", false, errors.New("the store is lost")
}

func TestDecisionsWithoutAStore(t *testing.T) {
	h := newHarnessOn(t, lost{memory.New(4)}, nil)
	id := "0000-01ARZ3NDEKTSV4RRFFQ69G5FAV"
	assert.Equal(t, 503, h.do("POST", "/outcomes", outcomeOf(id, id+".1", "shown")).status)
	assert.Equal(t, 503, h.do("GET", "/decisions/"+id, "").status)
}

func TestADecisionIsShownAsItWasRecorded(t *testing.T) {
	h := withShop(t)
	decision, action := h.offered(t, "c")
	got := h.do("GET", "/decisions/"+decision, "")
	require.Equal(t, 200, got.status, string(got.body))
	v := got.json(t)
	assert.Equal(t, []any{decision, "c", false}, []any{v["decision_id"], v["customer_id"], v["held"]})
	assert.Equal(t, action, v["actions"].([]any)[0].(map[string]any)["id"])

	v = h.do("POST", "/events", `{"event":"Error Shown","customer_id":"c"}`).json(t)
	require.Len(t, v["actions"], 1)
	alert := v["actions"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{"alert", "staff", "c"}, []any{alert["action"], alert["audience"], alert["customer_id"]})
	v = h.do("GET", "/decisions/"+alert["decision_id"].(string), "").json(t)
	assert.Equal(t, map[string]any{"kind": "event", "play": "trouble", "event": "Error Shown"}, v["trigger"])

	for _, id := range []string{"x", "0000-01ARZ3NDEKTSV4RRFFQ69G5FAV", decision + "x"} {
		got := h.do("GET", "/decisions/"+id, "")
		assert.Equal(t, 404, got.status, id)
		assert.Equal(t, "/problems/unknown-decision", got.json(t)["type"])
	}
	assert.Equal(t, 400, h.do("GET", "/decisions/"+strings.Repeat("a", 101), "").status)
}
