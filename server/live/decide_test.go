package live_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// book is a playbook for the tests.
const book = `
version: 1
timezone: UTC
language: en
fatigue: {declines: 2, silence: 30d}
caps: [{name: contacts-a-day, scope: all, max: 2, per: 24h}]
quiet_hours: {from: "22:00", to: "08:00", channels: [sms]}
actions:
  coupon: {kind: coupon, channels: [web, app], value: 5, cost: 1, cooldown: 1h, expires: 30m, content: {text: free shipping}}
  guide: {kind: guide, channels: [web], value: 2, content: {text: read this}}
  reminder: {kind: reminder, channels: [web, sms], value: 3, content: {text: still there}}
  note: {kind: note, audience: staff, value: 1, content: {text: look}}
plays:
  - {name: hesitation, on: Shipping Fee Viewed, when: features.shipping_views_30m >= 2, propose: [coupon]}
  - {name: cart-24h, on: Product Added, after: 24h, unless: Order Completed, propose: [reminder]}
  - {name: stuck, dwell: {path: /config, longer_than: 3m}, propose: [guide]}
  - {name: always, ask: true, propose: [guide, note]}
`

func (e *engine) play(source string) {
	e.t.Helper()
	b, err := playbook.Parse([]byte(source), playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()})
	require.NoError(e.t, err)
	e.Play(b)
}

func (e *engine) now() time.Time { return noon.Add(time.Duration(e.clock.Load())) }

// happens has something happen to customer c now, and returns the actions it brought about.
func (e *engine) happens(name, properties string) []action {
	e.t.Helper()
	at := e.now()
	raw := fmt.Sprintf(`{"id":"%s-%d","type":"track","event":%q,"customer_id":"c","channel":"web","at":%q,"properties":%s}`,
		name, e.clock.Add(1), name, at.Format(time.RFC3339Nano), properties)
	ev, err := event.Decode([]byte(raw), event.Origin{ReceivedAt: at.UnixMilli()})
	require.NoError(e.t, err)
	in := e.Ingest(e.t.Context(), []event.Event{ev})
	require.NoError(e.t, in.Err)
	return actions(e.t, append(append([]byte{'['}, in.Actions...), ']'))
}

type action struct {
	ID       string
	Customer string `json:"customer_id"`
	Action   string
	Channel  string
	Pending  bool
	Expires  time.Time `json:"expires_at"`
	Why      string
}

func actions(t *testing.T, raw []byte) (out []action) {
	t.Helper()
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &out), "%s", raw)
	}
	return out
}

// asked scores customer c and returns what is issued and withheld.
func (e *engine) asked(wish live.Wish) (issued, withheld []action) {
	e.t.Helper()
	answers := make([]live.Answer, 1)
	require.NoError(e.t, e.Score([]live.Request{{Customer: "c", Moment: features.Moment{Channel: "web"}, Actions: wish}}, answers))
	return actions(e.t, answers[0].Actions), actions(e.t, answers[0].Withheld)
}

// later lets time pass, and fires what is due.
func (e *engine) later(d time.Duration) {
	e.t.Helper()
	e.clock.Add(int64(d))
	for shard := range e.store.Shards() {
		_, err := e.FireDue(e.t.Context(), shard)
		require.NoError(e.t, err)
	}
}

func names(actions []action) []string {
	out := []string{}
	for _, a := range actions {
		out = append(out, a.Action)
	}
	return out
}

func whys(withheld []action) map[string]string {
	out := map[string]string{}
	for _, a := range withheld {
		out[a.Action] = a.Why
	}
	return out
}

func TestAnEventFiresAPlayWhenItsConditionHolds(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	require.Empty(t, e.happens("Shipping Fee Viewed", "{}"))
	got := e.happens("Shipping Fee Viewed", "{}")
	require.Equal(t, []string{"coupon"}, names(got))
	require.Equal(t, "web", got[0].Channel)
	require.Equal(t, "c", got[0].Customer)
	require.Empty(t, e.happens("Shipping Fee Viewed", "{}"), "it cools down")
}

func TestWhatNobodyAskedForIsOfferedAgainUntilItIsShown(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	e.happens("Shipping Fee Viewed", "{}")
	coupon := e.happens("Shipping Fee Viewed", "{}")[0]
	issued, _ := e.asked(live.Wish{})
	require.Equal(t, []string{"coupon", "guide", "note"}, names(issued))
	require.True(t, issued[0].Pending)
	require.Equal(t, coupon.ID, issued[0].ID)
	e.happens("Action Shown", fmt.Sprintf(`{"action_id":%q}`, coupon.ID))
	issued, withheld := e.asked(live.Wish{})
	require.Equal(t, []string{"note"}, names(issued), "the guide is capped, for staff there are no caps")
	require.Equal(t, "capped", whys(withheld)["guide"])
}

func TestAnUnpaidCartIsRemindedOf(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	e.happens("Product Added", "{}")
	e.later(23 * time.Hour)
	issued, _ := e.asked(live.Wish{Kinds: []string{"reminder"}})
	require.Empty(t, issued)
	e.later(61 * time.Minute)
	issued, _ = e.asked(live.Wish{Kinds: []string{"reminder"}})
	require.Equal(t, []string{"reminder"}, names(issued))
	e.later(time.Minute)
	issued, _ = e.asked(live.Wish{Kinds: []string{"reminder"}})
	require.Len(t, issued, 1, "a timer fires once")
}

func TestAPaidCartIsNotRemindedOf(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	e.happens("Product Added", "{}")
	e.later(23*time.Hour + 59*time.Minute)
	e.happens("Order Completed", `{"revenue":10}`)
	e.later(time.Hour)
	issued, _ := e.asked(live.Wish{Kinds: []string{"reminder"}})
	require.Empty(t, issued)
}

func TestDwellEndsWithThePage(t *testing.T) {
	for _, test := range []struct {
		then, path string
		want       int
	}{{"Page Viewed", "/config", 1}, {"Page Viewed", "/home", 0}, {"Page Left", "/config", 0}, {"Search", "", 1}} {
		t.Run(test.then+test.path, func(t *testing.T) {
			e := newEngine(t, nil)
			e.play(book)
			e.happens("Page Viewed", `{"path":"/config"}`)
			e.later(2 * time.Minute)
			e.happens(test.then, fmt.Sprintf(`{"path":%q}`, test.path))
			e.later(61 * time.Second)
			issued, _ := e.asked(live.Wish{})
			pending := 0
			for _, a := range issued {
				if a.Pending {
					pending++
				}
			}
			require.Equal(t, test.want, pending)
		})
	}
}

func TestWhatQuietHoursStoppedOnAPageIsCheckedAgainAtTheirEnd(t *testing.T) {
	e := newEngine(t, nil)
	e.play(strings.NewReplacer("propose: [guide]}", "propose: [reminder]}", "channels: [web, sms]", "channels: [sms]").Replace(book))
	e.later(10*time.Hour + 30*time.Minute)
	e.happens("Page Viewed", `{"path":"/config"}`)
	e.later(4 * time.Minute)
	e.happens("Page Viewed", `{"path":"/home"}`)
	require.Empty(t, e.records())
	e.later(10 * time.Hour)
	require.Len(t, e.records(), 1, "the reminder goes out in the morning, though the visit is over")
}

func TestTwoDeclinesSilenceAnAction(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	for range 2 {
		issued, _ := e.asked(live.Wish{Kinds: []string{"guide"}})
		require.Len(t, issued, 1)
		e.happens("Action Declined", fmt.Sprintf(`{"action_id":%q}`, issued[0].ID))
		e.later(25 * time.Hour)
	}
	_, withheld := e.asked(live.Wish{Kinds: []string{"guide"}})
	require.Equal(t, "fatigued", whys(withheld)["guide"])
	e.later(30 * 24 * time.Hour)
	issued, _ := e.asked(live.Wish{Kinds: []string{"guide"}})
	require.Len(t, issued, 1)
}

func TestNothingIsIssuedWhenItCannotBeCommitted(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	e.driver.change(func() { e.driver.commitErr = fmt.Errorf("disk full") })
	answers := make([]live.Answer, 1)
	require.NoError(t, e.Score([]live.Request{{Customer: "c", Moment: features.Moment{Channel: "web"}}}, answers))
	require.Empty(t, actions(t, answers[0].Actions))
	require.Equal(t, map[string]string{"guide": "unavailable", "note": "unavailable"}, whys(actions(t, answers[0].Withheld)))
	require.Contains(t, answers[0].Degraded, live.ActionsNotKept)
}

func TestABudgetThatDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book + "budgets: [{name: guides, scope: {action: guide}, max: 1, per: day}]")
	hang := make(chan struct{})
	e.driver.change(func() { e.driver.hangBudgets = hang })
	start := time.Now()
	a := e.score(live.Request{Customer: "c", Deadline: 50 * time.Millisecond, Moment: features.Moment{Channel: "web"}})
	require.Less(t, time.Since(start), 500*time.Millisecond)
	require.Equal(t, "budget", whys(actions(t, a.Withheld))["guide"])
	close(hang)
	require.NoError(t, e.Wait(t.Context()))
	spent, err := e.store.Spent(t.Context(), "budget.guides.2026-01-31")
	require.NoError(t, err)
	require.Zero(t, spent, "what was taken too late was given back")
}

func TestNothingIsIssuedUnderAKeyThatCannotBeLookedUp(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	e.driver.change(func() { e.driver.linkErr = fmt.Errorf("no route to host") })
	a := e.score(live.Request{Customer: "c", IdempotencyKey: "k", Moment: features.Moment{Channel: "web"}})
	require.Empty(t, actions(t, a.Actions))
	require.Equal(t, map[string]string{"guide": "unavailable", "note": "unavailable"}, whys(actions(t, a.Withheld)))
	require.Equal(t, []string{live.DecisionNotKept, live.ActionsNotKept}, a.Degraded)
	require.Zero(t, e.driver.commits)
}

func TestNothingIsIssuedWhenTheProfileCannotBeRead(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	e.driver.change(func() { e.driver.loadErr = fmt.Errorf("no route to host") })
	issued, withheld := e.asked(live.Wish{})
	require.Empty(t, issued)
	require.Equal(t, "unavailable", whys(withheld)["guide"])
}

func TestImportsFireNothing(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	for i := range 3 {
		ev := event.Event{ID: fmt.Sprint(i), Type: event.Track, Name: "Shipping Fee Viewed", CustomerID: "c", At: noon.UnixMilli(), ReceivedAt: noon.UnixMilli()}
		in := e.Import(t.Context(), []event.Event{ev})
		require.NoError(t, in.Err)
		require.Empty(t, in.Actions)
	}
}

func TestARequestThatIsRefusedLeavesNothingBehind(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	e.happens("Search", "{}")
	refused := []live.Request{{Customer: "c", Preview: true, At: 1}, {Customer: "d"}, {Customer: "e"}}
	unknown := []live.Request{{Customer: "c", Ask: []string{"weather"}}}
	for range 3 {
		require.Error(t, e.Score(refused, make([]live.Answer, 3)))
		require.Error(t, e.Score(unknown, make([]live.Answer, 1)))
		issued, _ := e.asked(live.Wish{Kinds: []string{"note"}})
		require.Len(t, issued, 1)
	}
}

func TestPreviewIssuesNothing(t *testing.T) {
	e := newEngine(t, nil)
	e.play(book)
	for range 5 {
		answers := make([]live.Answer, 1)
		require.NoError(t, e.Score([]live.Request{{Customer: "c", Preview: true, Moment: features.Moment{Channel: "web"}}}, answers))
		require.Equal(t, []string{"guide", "note"}, names(actions(t, answers[0].Actions)))
	}
	require.Zero(t, e.driver.commits)
}

func TestWhatIsWithheldIsCountedThoughNothingIsIssued(t *testing.T) {
	e := newEngine(t, nil)
	e.play(strings.ReplaceAll(book, "max: 2", "max: 1"))
	guide := live.Wish{Kinds: []string{"guide"}}
	capped := func() float64 { return e.counter("halfstep_actions_withheld_total", "capped") }
	e.asked(guide)
	require.Zero(t, capped())
	e.asked(guide)
	require.EqualValues(t, 1, capped())
	require.Empty(t, e.happens("Shipping Fee Viewed", "{}"))
	require.Empty(t, e.happens("Shipping Fee Viewed", "{}"))
	require.EqualValues(t, 2, capped())
	e.score(live.Request{Customer: "c", Preview: true, Moment: features.Moment{Channel: "web"}})
	require.EqualValues(t, 2, capped(), "a preview decides nothing")
}

func TestModelsRunOnlyForPlaysThatMayFireAndReadThem(t *testing.T) {
	e := newEngine(t, nil)
	e.play(`
version: 1
actions: {guide: {kind: guide, channels: [web], value: 2}}
plays:
  - {name: few, on: Search, when: features.searches_1h > 1 && predictions.churn >= 0, propose: [guide]}
  - {name: none, on: Product Viewed, propose: [guide]}
`)
	runs := func() uint64 {
		families, err := e.registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == "halfstep_stage_seconds" && m.GetLabel()[0].GetValue() == "model" {
					return m.GetHistogram().GetSampleCount()
				}
			}
		}
		return 0
	}
	e.happens("Product Viewed", "{}")
	e.happens("Search", "{}")
	require.Zero(t, runs(), "no play that may fire reads a prediction")
	require.Len(t, e.happens("Search", "{}"), 1)
	require.EqualValues(t, 1, runs())
}
