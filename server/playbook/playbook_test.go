package playbook

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

var vocabulary = Vocabulary{Features: features.Default(), Tasks: StandardTasks()}

const shop = `version: 1
timezone: Asia/Shanghai
language: zh
quiet_hours: {from: "22:00", to: "08:00", channels: [sms, email, push, phone, wecom]}
holdout: {share: 0.05, salt: autumn}
caps: [{name: contacts-per-day, scope: all, max: 3, per: 24h}, {name: coupons, scope: {kind: coupon}, max: 1, per: week}]
budgets: [{name: coupons-a-day, scope: {action: shipping-coupon}, max: 1000, per: day}]
fatigue: {declines: 2, silence: 30d}
actions:
  shipping-coupon: {kind: coupon, channels: [web, app], value: 6, cost: 3, weight: 1, cooldown: 7d, expires: 30m, content: {text: free, off: 5},
                    variants: {plain: {text: Free}, warm: {text: {zh: 免运费, en: Shipping is on us}}}}
  cart-reminder: {kind: reminder, channels: [push, sms], value: 'features.cart_value * 0.1', cost: 0.05}
  tutorial: {kind: help, channels: [web]}
  human-help: {kind: help, channels: [chat, phone], audience: customer, cost: 2, value: 5}
  loyalty-discount: {kind: coupon, channels: [sms], value: 20, cost: 5}
  call-back: {kind: call, audience: staff}
plays:
  - {name: shipping-hesitation, on: Shipping Fee Viewed, when: 'features.shipping_views_30m >= 2 && predictions.cart_abandonment > 0.4',
     propose: [{action: shipping-coupon, likelihood: predictions.cart_abandonment}]}
  - {name: cart-24h, on: Product Added, after: 24h, unless: Order Completed, propose: [cart-reminder]}
  - {name: stuck-on-config, dwell: {path: /config, longer_than: 3m}, propose: [tutorial, human-help]}
  - {name: save-churner, ask: true, when: 'predictions.churn > 0.7', propose: [loyalty-discount, call-back]}
`

func parse(t *testing.T, file string) *Playbook {
	t.Helper()
	b, err := Parse([]byte(file), vocabulary)
	require.NoError(t, err)
	return b
}

func TestParse(t *testing.T) {
	b := parse(t, shop)
	assert.Equal(t, "zh", b.Language)
	assert.Equal(t, "Asia/Shanghai", b.Timezone.String())
	assert.Equal(t, Holdout{Share: 0.05, Salt: "autumn"}, b.Holdout)
	assert.Equal(t, Fatigue{Declines: 2, Silence: 30 * 24 * time.Hour}, b.Fatigue)
	assert.Equal(t, []Cap{
		{Name: "contacts-per-day", Scope: Scope{By: ScopeAll}, Max: 3, Per: Period{Rolling: 24 * time.Hour}},
		{Name: "coupons", Scope: Scope{By: ScopeKindOf, Name: "coupon"}, Max: 1, Per: Period{Calendar: Week}},
	}, b.Caps)
	assert.Equal(t, []Budget{{
		Name: "coupons-a-day", Scope: Scope{By: ScopeAction, Name: "shipping-coupon"}, Max: 1000, Per: Period{Calendar: Day},
	}}, b.Budgets)

	coupon := b.Action("shipping-coupon")
	assert.Equal(t, []string{"web", "app"}, coupon.Channels)
	assert.Equal(t, 7*24*time.Hour, coupon.Cooldown)
	assert.Equal(t, 30*time.Minute, coupon.Expires)
	assert.JSONEq(t, `{"text":"free","off":5}`, string(coupon.Content.AppendJSON(nil)))
	require.Len(t, coupon.Variants, 2)
	assert.JSONEq(t, `{"text":"Free","off":5}`, string(coupon.Variants[0].Content.AppendJSON(nil)))
	assert.JSONEq(t, `{"text":"免运费","off":5}`, string(coupon.Variants[1].Content.AppendJSON(nil)), "a text in two languages is the playbook's")
	assert.Equal(t, Learning{Mode: Bandit, Reward: "accepted", Within: 7 * 24 * time.Hour, Floor: 0.05, PromoteAt: 0.99}, coupon.Learning)
	assert.Equal(t, []string{StaffChannel}, b.Action("call-back").Channels)
	assert.Equal(t, 24*time.Hour, b.Action("tutorial").Expires)
	assert.Nil(t, b.Action("nothing"))
}

func TestPlaysAreFoundByWhatTheyWaitFor(t *testing.T) {
	b := parse(t, shop)
	names := func(plays []*Play) (out []string) {
		for _, p := range plays {
			out = append(out, p.Name)
		}
		return out
	}
	assert.Equal(t, []string{"shipping-hesitation"}, names(b.FiredBy("Shipping Fee Viewed")))
	assert.Empty(t, b.FiredBy("Product Added"), "an absence is not fired by what it begins with")
	assert.Equal(t, []string{"cart-24h"}, names(b.StartedBy("Product Added")))
	assert.Equal(t, []string{"cart-24h"}, names(b.MootedBy("Order Completed")))
	assert.Equal(t, []string{"stuck-on-config"}, names(b.Dwelling()))
	assert.Equal(t, []string{"save-churner"}, names(b.Asked()))
	assert.Equal(t, []string{"event", "absence", "dwell", "ask"},
		[]string{b.Plays[0].Trigger.String(), b.Plays[1].Trigger.String(), b.Plays[2].Trigger.String(), b.Plays[3].Trigger.String()})
}

// vector is all missing but for what is given.
func vector(values map[string]float32) []float32 {
	v := make([]float32, vocabulary.Features.Len())
	for i := range v {
		v[i] = float32(math.NaN())
	}
	for name, x := range values {
		i, ok := vocabulary.Features.Index(name)
		if !ok {
			panic("no feature " + name)
		}
		v[i] = x
	}
	return v
}

func TestModelsRunOnlyForWhatCouldFire(t *testing.T) {
	p := parse(t, shop).Plays[0]
	assert.True(t, p.Needs.Predictions.Has(1))
	assert.False(t, p.Needs.Predictions.Has(0))
	require.Len(t, p.Clauses, 2)
	assert.Equal(t, "features.shipping_views_30m >= 2", p.Clauses[0].Source())

	f := &Facts{Vector: vector(map[string]float32{"shipping_views_30m": 1})}
	assert.False(t, p.Possible(f), "whatever the models say")
	f.Vector = vector(map[string]float32{"shipping_views_30m": 2})
	assert.True(t, p.Possible(f))
	assert.False(t, p.Fires(f), "a missing prediction is above nothing")
	f.Predictions = []float32{0.9, 0.5, 0}
	assert.True(t, p.Fires(f))
	f.Predictions[1] = 0.25
	assert.False(t, p.Fires(f))
}

func TestWorth(t *testing.T) {
	b := parse(t, shop)
	f := &Facts{Vector: vector(map[string]float32{"cart_value": 200}), Predictions: []float32{0, 0.75, 0}}
	assert.Equal(t, Worth{Likelihood: 0.75, Value: 6, Weight: 1, Cost: 3, Total: 1.5}, b.Plays[0].Propose[0].Worth(f))
	assert.InDelta(t, 19.95, b.Plays[1].Propose[0].Worth(f).Total, 1e-9)
	missing := b.Plays[1].Propose[0].Worth(&Facts{})
	assert.True(t, math.IsNaN(missing.Total) && !(missing.Total > 0), "what is missing is worth nothing")
}

func TestWorthStaysWithinBounds(t *testing.T) {
	file := func(value, cost, likelihood string) *Proposal {
		b := parse(t, `{version: 1, actions: {a: {kind: k, channels: [web], value: '`+value+`', cost: '`+cost+`'}},
plays: [{name: p, ask: true, propose: [{action: a, likelihood: '`+likelihood+`'}]}]}`)
		return &b.Plays[0].Propose[0]
	}
	for _, c := range []struct {
		value, cost, likelihood string
		want                    float64
	}{
		{"10", "0", "predictions.churn * 4", 10},
		{"10", "0", "predictions.churn - 2", 0},
		{"10", "predictions.churn - 20", "1", 10},
		{"10 / (predictions.churn - predictions.churn)", "0", "1", math.NaN()},
		{"exp(predictions.churn * 10000)", "0", "1", math.NaN()},
		{"10", "0", "intents.leave", math.NaN()},
	} {
		got := file(c.value, c.cost, c.likelihood).Worth(&Facts{Predictions: []float32{0.5}}).Total
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestEveryNameReads(t *testing.T) {
	e := &event.Event{Name: "Message Received", Channel: "chat"}
	e.Properties, _ = event.DecodeObject([]byte(`{"text":"投诉!","order":{"total":9}}`))
	e.Context, _ = event.DecodeObject([]byte(`{"device":"mobile"}`))
	e.Enriched, _ = event.DecodeObject([]byte(`{"sentiment":-0.8}`))
	context, _ := event.DecodeObject([]byte(`{"page_kind":"cart","stock":{"left":2}}`))
	traits, _ := event.DecodeObject([]byte(`{"tier":"gold","lead_score":81}`))
	f := &Facts{
		Vector: vector(map[string]float32{"orders_90d": 3}), Predictions: []float32{0.8}, Intents: []Intent{{Name: "price_concern", Score: 0.8}},
		Tags: []string{"price_sensitive"}, Event: e, Context: context, Channel: "app",
		Customer: Customer{ID: "c-42", Known: true, Traits: traits},
	}
	for when, want := range map[string]bool{
		`features.orders_90d == 3 && !has(features.satisfaction_last)`:                           true,
		`predictions.churn > 0.7 && !(predictions.emotion_trend > 0)`:                            true,
		`intents.price_concern > 0.7 && intents["等待"] >= 0`:                                      false,
		`"price_sensitive" in tags && !("vip" in tags)`:                                          true,
		`event.name == "Message Received" && event.channel == "chat" && channel == "app"`:        true,
		`event.properties.text.matches("投诉|complain") && event.properties.order.total > 8`:       true,
		`event.context.device == "mobile" && event.enriched.sentiment < -0.33`:                   true,
		`context.page_kind == "cart" && context.stock.left <= 2 && context.absent != "x"`:        false,
		`customer.known && customer.id == "c-42" && customer.traits.tier in ["gold", "platina"]`: true,
		`customer.traits.lead_score >= 80 || customer.traits.nothing == 1`:                       true,
		`features.orders_90d / (features.orders_90d - 3) > 0`:                                    false,
	} {
		b := parse(t, `{version: 1, actions: {a: {kind: k, channels: [web]}}, plays: [{name: p, on: X, when: '`+when+`', propose: [a]}]}`)
		p := b.Plays[0]
		if p.Fires(f) != want {
			t.Errorf("%s: expected %v", when, want)
		}
		if p.Fires(&Facts{}) && !strings.Contains(when, "!") {
			t.Errorf("%s fires on nothing", when)
		}
		if strings.Contains(when, "matches") {
			continue // regexp keeps its machines in a pool, which the race detector empties at random
		}
		if n := testing.AllocsPerRun(100, func() { p.Fires(f); p.Possible(f); p.Propose[0].Worth(f) }); n != 0 {
			t.Errorf("%s allocates %v times", when, n)
		}
	}
}

func TestNeeds(t *testing.T) {
	b := parse(t, `{version: 1, actions: {a: {kind: k, channels: [web], value: predictions.churn}},
plays: [{name: p, on: X, when: 'context.stock > 0 && event.properties.n > 1', propose: [{action: a, likelihood: intents.buy}]}, {name: q, on: X, propose: [a]}]}`)
	assert.Equal(t, Needs{Predictions: 1, Intents: true, Event: true, Context: true}, b.Plays[0].Needs)
	assert.Equal(t, Needs{Predictions: 1}, b.Plays[1].Needs)
	assert.True(t, b.Plays[1].Fires(&Facts{}), "without a condition a play always fires")
}

func TestRevision(t *testing.T) {
	small := "version: 1\nactions:\n  a: {kind: k, channels: [web], content: {n: 5, s: x}}\nplays:\n  - {name: p, ask: true, propose: [a]}\n"
	json := "{\n\t\"plays\": [{\"propose\": [\"a\"], \"ask\": true, \"name\": \"p\"}],\n\t\"actions\": {\"a\": {\"content\": {\"s\": \"x\", \"n\": 5}, \"channels\": [\"web\"], \"kind\": \"k\"}},\n\t\"version\": 1\n}"
	first := parse(t, small).Revision
	assert.Len(t, first, 16)
	assert.Equal(t, first, parse(t, json).Revision, "JSON that says the same")
	assert.Equal(t, first, parse(t, "# a comment\n"+strings.ReplaceAll(small, "kind: k", "kind:   'k'")).Revision)
	seen := []string{first}
	for _, change := range [][2]string{{"n: 5", "n: 6"}, {"n: 5", `n: "5"`}, {"ask: true", "on: X"}, {"name: p", "name: q"}} {
		other := parse(t, strings.Replace(small, change[0], change[1], 1)).Revision
		assert.False(t, slices.Contains(seen, other), "%v", change)
		seen = append(seen, other)
	}
}

func TestExperimentsAndLearning(t *testing.T) {
	b := parse(t, `{version: 1, learning: {mode: equal, floor: 0.1},
actions: {a: {kind: k, channels: [web], variants: {x: {}, y: {}}, learning: {reward: converted, within: 2d, segment: customer.traits.tier}}, b: {kind: k, channels: [web]}},
experiments: [{name: which, actions: [a, b], share: 0.5, learning: {mode: champion}}],
plays: [{name: p, ask: true, propose: [a, b]}]}`)
	a := b.Action("a")
	assert.Equal(t, Equal, a.Learning.Mode)
	assert.Equal(t, "converted", a.Learning.Reward)
	assert.Equal(t, 48*time.Hour, a.Learning.Within)
	assert.Equal(t, 0.1, a.Learning.Floor)
	traits, _ := event.DecodeObject([]byte(`{"tier":"gold"}`))
	assert.Equal(t, "gold", a.Learning.Segment.Eval(&Facts{Customer: Customer{Traits: traits}}))
	x := b.Experiments[0]
	assert.Same(t, x, b.Action("b").Experiment)
	assert.Equal(t, []*Action{a, b.Action("b")}, x.Actions)
	assert.Equal(t, Champion, x.Learning.Mode)
	assert.Equal(t, 0.1, x.Learning.Floor)
	assert.Equal(t, "which", x.Salt)
}
