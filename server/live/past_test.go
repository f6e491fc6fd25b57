package live_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/why"
)

// busy is a playbook in which much happens.
const busy = `
version: 1
timezone: Asia/Shanghai
language: zh
fatigue: {declines: 1, silence: 30d}
holdout: {share: 0.2, salt: why}
caps: [{name: contacts-a-day, scope: all, max: 3, per: day}, {name: coupons, scope: {kind: coupon}, max: 1, per: 24h}]
budgets: [{name: coupons-a-day, scope: {action: coupon}, max: 6, per: day}]
quiet_hours: {from: "22:00", to: "08:00", channels: [sms]}
experiments: [{name: help, actions: [guide, chat], share: 0.8, learning: {mode: bandit, floor: 0.1}}]
actions:
  coupon: {kind: coupon, channels: [web, app], value: 5, cost: 1, cooldown: 1h, variants: {plain: {text: a}, warm: {text: b}}}
  guide: {kind: help, channels: [web], value: 2, cooldown: 2h}
  chat: {kind: help, channels: [web, chat], value: 3}
  reminder: {kind: reminder, channels: [sms, app], value: 'max(features.cart_value * 0.1, 1)'}
  note: {kind: note, audience: staff, value: 1, cooldown: 30m}
plays:
  - {name: hesitation, on: Shipping Fee Viewed, when: features.shipping_views_30m >= 2, propose: [coupon]}
  - {name: cart, on: Product Added, after: 6h, unless: Order Completed, when: features.cart_items > 0, propose: [reminder]}
  - {name: stuck, dwell: {path: /config, longer_than: 3m}, propose: [guide, note]}
  - {name: churner, ask: true, when: predictions.churn > 0.1, propose: [{action: coupon, likelihood: predictions.churn}, {action: note, likelihood: 0.9}]}
  - {name: helper, ask: true, when: 'context.need == "help" || features.product_views_1h > 1', propose: [guide, chat, reminder]}
`

// records are all decisions that the journal has.
func (e *engine) records() (all [][]byte) {
	e.t.Helper()
	for shard := range e.store.Shards() {
		entries, err := e.store.ReadJournal(e.t.Context(), shard, "", 10_000)
		require.NoError(e.t, err)
		for _, entry := range entries {
			if entry.Kind == store.RecordDecision {
				all = append(all, entry.Data)
			}
		}
	}
	return all
}

// bustle has customers do things, ask, and let time pass, each in their own way.
func (e *engine) bustle(random *rand.Rand, steps int) {
	e.t.Helper()
	names := []string{"Shipping Fee Viewed", "Shipping Fee Viewed", "Product Added", "Page Viewed", "Product Viewed", "Order Completed"}
	for i := range steps {
		customer := fmt.Sprint("c", random.IntN(14))
		at := e.now()
		make1 := func() event.Event {
			name := names[random.IntN(len(names))]
			raw := fmt.Sprintf(`{"id":"%d-%d","event":%q,"customer_id":%q,"channel":"web","at":%q,"properties":{"path":"/config","product_id":"p%d","price":30,"quantity":1},"context":{"page_kind":"cart"}}`,
				i, random.Uint32(), name, customer, at.Format(time.RFC3339Nano), i)
			ev, err := event.Decode([]byte(raw), event.Origin{ReceivedAt: at.UnixMilli()})
			require.NoError(e.t, err)
			return ev
		}
		switch random.IntN(4) {
		case 0:
			e.later(time.Duration(random.IntN(90)) * time.Minute)
		case 1:
			r := live.Request{Customer: customer, Moment: features.Moment{Channel: "web", Page: "/cart", Context: event.Object{{Key: "need", Value: event.StringValue("help")}}}}
			for range random.IntN(3) {
				r.Events = append(r.Events, make1())
			}
			if random.IntN(3) == 0 {
				r.IdempotencyKey = fmt.Sprint("k", i)
			}
			r.Actions.Max = random.IntN(3)
			e.score(r)
		default:
			require.NoError(e.t, e.Ingest(e.t.Context(), []event.Event{make1(), make1()}).Err)
		}
	}
}

// learn has chance draw from a table in which arms differ.
func (e *engine) learn(book *playbook.Playbook) {
	e.t.Helper()
	l := bandit.New()
	var choices []bandit.Choice
	for _, c := range decide.Choices(book) {
		choices = append(choices, c.Choice)
	}
	require.NoError(e.t, l.Define(choices))
	e.Learnt(l.Publish())
}

func (e *engine) past(source string) live.Past {
	e.t.Helper()
	book, err := playbook.Parse([]byte(source), playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()})
	require.NoError(e.t, err)
	return live.Past{Features: features.Default(), Playbook: book, Models: e.models}
}

func TestPastDecisionsAreMadeAgain(t *testing.T) {
	e := newEngine(t, nil)
	e.play(busy)
	e.learn(e.Playbook())
	e.bustle(rand.New(rand.NewPCG(11, 12)), 400)
	with := e.past(busy)
	kinds := map[string]int{}
	records := e.records()
	for _, record := range records {
		again, err := live.Rederive(t.Context(), record, with)
		require.NoError(t, err, "%s", record)
		report, err := why.Compare(record, again)
		require.NoError(t, err)
		require.True(t, report.Identical, "%s\n%s\n%s", report.Difference, record, again)
		for kind, sign := range map[string]string{
			"held": `"held":true`, "timer": `"kind":"absence"`, "dwell": `"kind":"dwell"`, "event": `"kind":"event"`, "ask": `"kind":"ask"`, "capped": `"capped"`,
			"budget": `"why":"budget"`, "cooldown": `"cooldown"`, "taken": `"answer":"taken"`, "experiment": `"why":"experiment"`, "variant": `"variant":"`, "row": `"rows":[{`,
			"key": `"answer":{`, "quiet": `"quiet_hours"`,
		} {
			if strings.Contains(string(record), sign) {
				kinds[kind]++
			}
		}
	}
	require.Greater(t, len(records), 50)
	for _, kind := range []string{"held", "timer", "dwell", "event", "ask", "capped", "budget", "cooldown", "taken", "experiment", "variant", "row", "key", "quiet"} {
		require.Positive(t, kinds[kind], "no decision is of the kind %s, of %v", kind, kinds)
	}
}

func TestWhatWasTamperedWithShows(t *testing.T) {
	e := newEngine(t, nil)
	e.play(busy)
	e.clock.Add(int64(24 * time.Hour))
	for range 2 {
		e.happens("Shipping Fee Viewed", `{}`)
	}
	e.score(live.Request{Customer: "c", Moment: features.Moment{Channel: "web"}})
	with := e.past(busy)
	var record []byte
	for _, r := range e.records() {
		if strings.Contains(string(r), `"asked":true`) {
			record = r
		}
	}
	require.NotNil(t, record)
	for name, change := range map[string]func(map[string]any){
		"vector":                  func(r map[string]any) { r["vector"] = "00" },
		"predictions.churn.score": func(r map[string]any) { r["predictions"].(map[string]any)["churn"].(map[string]any)["score"] = 0.987 },
		"withheld[0].why":         func(r map[string]any) { r["withheld"].([]any)[0].(map[string]any)["why"] = "opted_out" },
		"actions[0].worth":        func(r map[string]any) { r["actions"].([]any)[0].(map[string]any)["worth"] = 99 },
		"held":                    func(r map[string]any) { r["held"] = !r["held"].(bool) },
	} {
		t.Run(name, func(t *testing.T) {
			var fields map[string]any
			require.NoError(t, json.Unmarshal(record, &fields))
			change(fields)
			tampered, err := json.Marshal(fields)
			require.NoError(t, err)
			again, err := live.Rederive(t.Context(), tampered, with)
			require.NoError(t, err)
			report, err := why.Compare(tampered, again)
			require.NoError(t, err)
			require.False(t, report.Identical)
			require.True(t, strings.HasPrefix(report.Difference, name+": recorded "), report.Difference)
		})
	}
	other := strings.Replace(busy, "value: 5, cost: 1", "value: 5, cost: 2", 1)
	again, err := live.Rederive(t.Context(), record, e.past(other))
	require.NoError(t, err)
	report, err := why.Compare(record, again)
	require.NoError(t, err)
	require.False(t, report.Identical, "another playbook makes another decision")
}

func TestARecordThatCannotBeReadIsRefused(t *testing.T) {
	e := newEngine(t, nil)
	for record, want := range map[string]string{
		`{`: "read the decision's record", `{"decision_id":"d"}`: "nothing was decided", `{"vector":"00","state":"%"}`: "read the state",
		`{"vector":"00","state":"AA=="}`: "read the state", `{"vector":"00","context":{},"events":[{}]}`: "read events[0]",
		`{"vector":"00","context":{},"fired":[{"play":"x"}]}`:                                                        "no play x",
		`{"at":"2030-01-01T00:00:00Z","vector":"00","context":{},"predictions":{"churn":{"score":1,"model":"x@1"}}}`: "bundle x@1 is not at hand",
	} {
		_, err := live.Rederive(t.Context(), []byte(record), e.past(busy))
		require.ErrorContains(t, err, want, record)
	}
}

func TestAfterAnErasureTheOptOutThatOutlivedItIsPartOfTheRecord(t *testing.T) {
	e := newEngine(t, nil)
	e.play(busy)
	raw := fmt.Sprintf(`{"id":"i","type":"identify","customer_id":"c","at":%q,"traits":{"opt_out":["help"]}}`, e.now().Format(time.RFC3339))
	identify, err := event.Decode([]byte(raw), event.Origin{ReceivedAt: e.now().UnixMilli()})
	require.NoError(t, err)
	require.NoError(t, e.Ingest(t.Context(), []event.Event{identify}).Err)
	_, err = e.Erase(t.Context(), "c")
	require.NoError(t, err)
	e.clock.Add(int64(time.Hour))
	e.happens("Shipping Fee Viewed", `{}`)
	e.happens("Shipping Fee Viewed", `{}`)
	e.score(live.Request{Customer: "c", Moment: features.Moment{Channel: "web", Context: event.Object{{Key: "need", Value: event.StringValue("help")}}}})
	records := e.records()
	require.NotEmpty(t, records)
	for _, record := range records {
		again, err := live.Rederive(t.Context(), record, e.past(busy))
		require.NoError(t, err)
		report, err := why.Compare(record, again)
		require.NoError(t, err)
		require.True(t, report.Identical, "%s", report.Difference)
	}
	require.Contains(t, string(records[len(records)-1]), `"opted_out"`)
}
