package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/source"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundles"
	"github.com/halfstep-ml/halfstep/models/ort"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

const everything = `
version: 1
timezone: Asia/Shanghai
quiet_hours: {from: "22:00", to: "08:00", channels: [sms]}
holdout: {share: 0.1, salt: parity}
caps: [{name: four-a-day, scope: all, max: 4, per: 24h}, {name: coupons, scope: {kind: coupon}, max: 2, per: week}]
budgets: [{name: gifts, scope: {action: gift}, max: 5, per: day}]
actions:
  coupon: {kind: coupon, channels: [web, app], value: 9, cost: 1, cooldown: 6h}
  gift: {kind: gift, channels: [web, app, chat], value: 8, cooldown: 2d}
  guide: {kind: guide, channels: [web, sms], value: 2}
  reminder: {kind: reminder, channels: [sms], value: 3, cooldown: 1d}
  note: {kind: note, audience: staff, value: 1, cooldown: 1h}
  log: {kind: log, audience: staff, value: 0.5}
  offer: {kind: offer, channels: [web, app], value: 20}
plays:
  - {name: hesitation, on: Shipping Fee Viewed, when: features.shipping_views_30m >= 1, propose: [coupon, guide]}
  - {name: thanks, on: Order Completed, propose: [gift, log]}
  - {name: cart, on: Product Added, after: 5h, unless: Order Completed, propose: [reminder]}
  - {name: later, on: Product Viewed, after: 2h, unless: Order Completed, hour: features.preferred_hour, propose: [guide]}
  - {name: stuck, dwell: {path: /config, longer_than: 3m}, propose: [guide, note]}
  - {name: leaving, ask: true, when: features.orders_365d >= 1 && predictions.churn > 0.3, propose: [{action: offer, likelihood: predictions.churn}]}
  - {name: always, ask: true, when: features.page_views_1h >= 2, propose: [guide, note]}
`

// told is what a server or a rehearsal said of one action.
type told struct {
	Customer, Play, Action string
	At                     int64
	What                   string // issued, held, or why and by what it was withheld
}

func (t told) compare(o told) int {
	if t.At != o.At {
		return int(t.At - o.At)
	}
	return slices.Compare([]string{t.Customer, t.Play, t.Action, t.What}, []string{o.Customer, o.Play, o.Action, o.What})
}

// days makes up what customers did on some days, no two events at one time, nor any when a timer is due.
func days(seed uint64, customers, events int) []event.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	names := []string{"Page Viewed", "Page Viewed", "Page Left", "Product Viewed", "Product Added", "Order Completed", "Shipping Fee Viewed", "Search"}
	now := time.Date(2026, 1, 26, 0, 0, 0, 0, time.UTC).UnixMilli() + 1
	out := make([]event.Event, events)
	for i := range out {
		now += 1000 * r.Int64N(240)
		e := event.Event{
			ID: fmt.Sprint("e", i), Type: event.Track, Name: names[r.IntN(len(names))], CustomerID: fmt.Sprint("c", r.IntN(customers)),
			At: now + int64(i), ReceivedAt: now + int64(i), Channel: []string{"web", "app", "chat"}[r.IntN(3)],
			Properties: event.Object{{Key: "path", Value: event.StringValue([]string{"/config", "/"}[r.IntN(2)])}, {Key: "revenue", Value: event.NumberValue(50)}},
		}
		switch r.IntN(40) {
		case 0: // late
			e.At -= r.Int64N(int64(time.Hour / time.Millisecond))
		case 1:
			e.Type, e.Name, e.Traits = event.Identify, "", event.Object{{Key: "opt_out", Value: event.Value{Kind: event.List, Items: event.Object{{Value: event.StringValue("coupon")}}}}}
		case 2: // twice
			if i > 0 {
				e.ID = out[i-1].ID
			}
		}
		out[i] = e
	}
	return out
}

// served is a server with a clock that is set by hand.
type served struct {
	*live.Engine
	t     *testing.T
	store *store.Store
	clock atomic.Int64
	due   *dueTimes
}

// dueTimes notes when timers are due that are committed.
type dueTimes struct {
	store.Driver
	at []int64
}

func (d *dueTimes) Commit(ctx context.Context, shard int, changes []store.Change, outcomes []error) error {
	for _, c := range changes {
		for _, timer := range c.Timers {
			if !timer.Due.IsZero() {
				d.at = append(d.at, timer.Due.UnixMilli())
			}
		}
	}
	return d.Driver.Commit(ctx, shard, changes, outcomes)
}

func serve(t *testing.T, set *features.FeatureSet, book *playbook.Playbook, all []*models.Model) *served {
	t.Helper()
	s := &served{t: t, due: &dueTimes{Driver: memory.New(2)}}
	s.store = store.New(s.due)
	s.Engine = live.New(live.Options{
		Store: s.store, Metrics: metrics.New(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.UnixMilli(s.clock.Load()) }, Deadline: 10 * time.Second, MaxLate: 64,
	})
	registry := models.NewRegistry()
	require.NoError(t, registry.Swap(all...))
	serving := live.NewServing(set, registry)
	serving.Play(book)
	require.NoError(t, s.Use(t.Context(), serving))
	t.Cleanup(func() {
		require.NoError(t, s.Wait(context.Background()))
		require.NoError(t, s.Close())
		require.NoError(t, s.store.Close())
	})
	return s
}

// until fires what is due before an instant, each timer when it is due.
func (s *served) until(at int64) {
	for len(s.due.at) > 0 {
		slices.Sort(s.due.at)
		next := s.due.at[0]
		if next >= at {
			return
		}
		s.due.at = slices.DeleteFunc(s.due.at, func(due int64) bool { return due == next })
		s.clock.Store(max(next, s.clock.Load()))
		for shard := range s.store.Shards() {
			_, err := s.FireDue(s.t.Context(), shard)
			require.NoError(s.t, err)
		}
	}
}

// decided is as much of an answer, or of a decision's record, as there is to compare.
type decided struct {
	Customer string    `json:"customer_id"`
	At       time.Time `json:"at"`
	Actions  []spoken  `json:"actions"`
	Held     []spoken  `json:"held_actions"`
	Withheld []spoken  `json:"withheld"`
}

type spoken struct {
	Action  string
	Play    string
	Why, By string
	Pending bool
}

func (d *decided) told() (out []told) {
	add := func(spoken []spoken, what func(int) string) {
		for i, a := range spoken {
			if !a.Pending {
				out = append(out, told{d.Customer, a.Play, a.Action, d.At.UnixMilli(), what(i)})
			}
		}
	}
	add(d.Actions, func(int) string { return "issued" })
	add(d.Held, func(int) string { return "held" })
	add(d.Withheld, func(i int) string {
		if w := d.Withheld[i]; w.Why == "outranked" {
			return w.Why
		}
		return d.Withheld[i].Why + d.Withheld[i].By
	})
	return out
}

// says feeds a server the events and returns what it says of actions in decisions that issue any, and in all answers.
func (s *served) says(events []event.Event, asked string, end int64) (all []told) {
	for i := range events {
		e := events[i]
		s.until(e.ReceivedAt)
		s.clock.Store(e.ReceivedAt)
		if e.Name != asked {
			require.NoError(s.t, s.Ingest(s.t.Context(), []event.Event{e}).Err)
			continue
		}
		answers := make([]live.Answer, 1)
		require.NoError(s.t, s.Score([]live.Request{{Customer: e.Key(), Moment: features.MomentOf(&e), Events: []event.Event{e}}}, answers))
		require.Empty(s.t, answers[0].Degraded)
		var d decided
		require.NoError(s.t, json.Unmarshal(answers[0].AppendJSON(nil), &d))
		all = append(all, d.told()...)
	}
	s.until(end + 1)
	for shard := range s.store.Shards() {
		entries, err := s.store.ReadJournal(s.t.Context(), shard, "", 1<<20)
		require.NoError(s.t, err)
		for _, entry := range entries {
			if entry.Kind == store.RecordDecision {
				var d decided
				require.NoError(s.t, json.Unmarshal(entry.Data, &d))
				all = append(all, d.told()...)
			}
		}
	}
	slices.SortFunc(all, told.compare)
	return slices.Compact(all) // an answer that issues something is in the journal, too
}

// rehearsed is what a rehearsal says.
func rehearsed(t *testing.T, set *features.FeatureSet, events []event.Event, p Policy, asked string) (all []told, until int64) {
	t.Helper()
	var file []byte
	for i := range events {
		file = append(events[i].AppendJSON(file), '\n')
	}
	path := filepath.Join(t.TempDir(), "events.jsonl")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	files, err := source.Open([]string{path}, source.Options{})
	require.NoError(t, err)
	histories, err := replay.Sort(t.Context(), replay.Files(files), replay.Options{Workers: 8})
	require.NoError(t, err)
	defer histories.Close()
	o := Options{Features: set, AskOn: []string{asked}, Log: slog.New(slog.DiscardHandler)}
	r := newRehearsal(o, []Policy{p})
	report, err := r.run(t.Context(), histories)
	require.NoError(t, err)
	require.Equal(t, "exact", report.Budgets)
	require.Positive(t, report.Policies[0].Budgets[0].Full, "a budget is used up, or the test is too easy")
	s := r.sides[0]
	for id, trace := range s.traces {
		for _, k := range trace.records {
			if k.at > report.Data.until || k.what >= timerSet && k.what < withheld {
				continue
			}
			what := "issued"
			if k.what == held {
				what = "held"
			} else if k.what >= withheld {
				if what = string(whys[k.what-withheld]); k.by >= 0 {
					what += s.known[k.by]
				}
			}
			all = append(all, told{id, p.Playbook.Plays[k.play].Name, p.Playbook.Actions[k.action].Name, k.at, what})
		}
	}
	slices.SortFunc(all, told.compare)
	return all, report.Data.until
}

// TestARehearsalSaysWhatAServerWouldHaveDone: the same events, once by the clock through a server with a store, and once as a recording.
func TestARehearsalSaysWhatAServerWouldHaveDone(t *testing.T) {
	set := features.Default()
	runtime, err := ort.Start(ort.Options{})
	require.NoError(t, err)
	all, err := models.LoadAll(t.Context(), bundles.FS(), set, runtime)
	require.NoError(t, err)
	book, err := playbook.Parse([]byte(everything), playbook.Vocabulary{Features: set, Tasks: playbook.StandardTasks()})
	require.NoError(t, err)
	for seed := range uint64(3) {
		events := days(seed, 25, 3000)
		got, until := rehearsed(t, set, events, Policy{Playbook: book, Models: all}, "Page Viewed")
		s := serve(t, set, book, all)
		expected := s.says(events, "Page Viewed", until)
		kinds := map[string]int{}
		moments := map[told]bool{}
		for _, e := range expected {
			kinds[e.What]++
			moments[told{Customer: e.Customer, At: e.At}] = true
		}
		for _, what := range []string{"issued", "held", "cooldown", "capped" + "four-a-day", "capped" + "coupons", "budget" + "gifts", "opted_out", "outranked"} {
			require.Positive(t, kinds[what], "nothing was %s: the test is too easy", what)
		}
		// A server keeps no record of a moment at which nobody asked and it issued nothing.
		got = slices.DeleteFunc(got, func(g told) bool { return !moments[told{Customer: g.Customer, At: g.At}] })
		for i := range min(len(expected), len(got)) {
			require.Equal(t, expected[i], got[i], "seed %d, number %d", seed, i)
		}
		require.Len(t, got, len(expected))
	}
}
