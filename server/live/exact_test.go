package live_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

const exactBook = `
version: 1
caps: [{name: three-a-day, scope: all, max: 3, per: 24h}, {name: two-coupons, scope: {kind: coupon}, max: 2, per: 24h}]
budgets: [{name: gifts, scope: {action: gift}, max: 500, per: 24h}]
actions:
  coupon: {kind: coupon, channels: [web], value: 5, cost: 1}
  guide: {kind: guide, channels: [web], value: 2}
  once: {kind: once, channels: [web], value: 9, cooldown: 1h}
  gift: {kind: gift, channels: [app], value: 9}
plays:
  - {name: always, ask: true, propose: [coupon, guide, once, gift]}
`

// servers are engines over one redis.
func servers(t *testing.T, n int, source string) []*live.Engine {
	t.Helper()
	redis := redistest.Start(t)
	engines := make([]*live.Engine, n)
	for i := range engines {
		driver, err := redisstore.Open(t.Context(), redisstore.Options{URL: redis.URL(), Shards: 16})
		require.NoError(t, err)
		opened := store.New(driver)
		e := live.New(live.Options{
			Store: opened, Metrics: metrics.New(prometheus.NewRegistry()), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			Now: func() time.Time { return noon }, Deadline: 10 * time.Second, MaxLate: 1024,
		})
		set := features.Default()
		book, err := playbook.Parse([]byte(source), playbook.Vocabulary{Features: set, Tasks: playbook.StandardTasks()})
		require.NoError(t, err)
		serving := live.NewServing(set, models.NewRegistry())
		serving.Play(book)
		require.NoError(t, e.Use(t.Context(), serving))
		t.Cleanup(func() {
			require.NoError(t, e.Wait(context.Background()))
			require.NoError(t, opened.Close())
		})
		engines[i] = e
	}
	return engines
}

// together has 64 callers ask of a customer at the same time, half of them of each server.
func together(t *testing.T, engines []*live.Engine, r live.Request) (issued map[string]int) {
	t.Helper()
	var mu sync.Mutex
	var work sync.WaitGroup
	issued = map[string]int{}
	for i := range 64 {
		work.Go(func() {
			requests, answers := []live.Request{r}, make([]live.Answer, 1)
			if err := engines[i%len(engines)].Score(requests, answers); err != nil {
				t.Error(err)
				return
			}
			got := actions(t, answers[0].Actions)
			mu.Lock()
			defer mu.Unlock()
			for _, a := range got {
				issued[a.Action]++
			}
		})
	}
	work.Wait()
	return issued
}

// TestCapsHoldUnderConcurrency: never one too many, and never one too few.
func TestCapsHoldUnderConcurrency(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 50
	}
	engines := servers(t, 2, exactBook)
	for round := range rounds {
		r := live.Request{Customer: fmt.Sprint("c", round), Moment: features.Moment{Channel: "web"}, Actions: live.Wish{Max: 1}}
		issued := together(t, engines, r)
		total := issued["coupon"] + issued["guide"] + issued["once"]
		if total != 3 || issued["once"] != 1 || issued["coupon"] > 2 {
			t.Fatalf("round %d: %v were issued, want three in all, one of them once and at most two coupons", round, issued)
		}
	}
}

// TestOptOutHoldsUnderConcurrency: nobody who decides after an opt-out was stored issues anything.
func TestOptOutHoldsUnderConcurrency(t *testing.T) {
	engines := servers(t, 2, exactBook)
	for round := range 50 {
		id := fmt.Sprint("c", round)
		out := event.Event{ID: "o", Type: event.Identify, Name: event.Identified, CustomerID: id, At: noon.UnixMilli(), ReceivedAt: noon.UnixMilli(),
			Traits: event.Object{{Key: "opt_out", Value: event.BoolValue(true)}}}
		require.NoError(t, engines[0].Ingest(t.Context(), []event.Event{out}).Err)
		require.Empty(t, together(t, engines, live.Request{Customer: id, Moment: features.Moment{Channel: "web"}}))
	}
}

// TestABudgetIsNeverOverrun: it is spent to the last, and no further, by customers of all servers.
func TestABudgetIsNeverOverrun(t *testing.T) {
	engines := servers(t, 2, exactBook)
	var work sync.WaitGroup
	var gifts atomic.Int64
	for i := range 64 {
		work.Go(func() {
			for k := range 20 {
				requests := []live.Request{{Customer: fmt.Sprint("g", i*20+k), Moment: features.Moment{Channel: "app"}, Actions: live.Wish{Max: 1}}}
				answers := make([]live.Answer, 1)
				if err := engines[i%2].Score(requests, answers); err != nil {
					t.Error(err)
					return
				}
				for _, a := range actions(t, answers[0].Actions) {
					if a.Action == "gift" {
						gifts.Add(1)
					}
				}
			}
		})
	}
	work.Wait()
	require.EqualValues(t, 500, gifts.Load())
}

// TestOneKeyOneDecision: the same Idempotency-Key gives the same answer and issues nothing twice, however many ask at once.
func TestOneKeyOneDecision(t *testing.T) {
	engines := servers(t, 2, exactBook)
	var work sync.WaitGroup
	answersOf := make([]string, 32)
	for i := range answersOf {
		work.Go(func() {
			requests := []live.Request{{Customer: "k", Moment: features.Moment{Channel: "web"}, IdempotencyKey: "same"}}
			answers := make([]live.Answer, 1)
			if err := engines[i%2].Score(requests, answers); err != nil {
				t.Error(err)
				return
			}
			answersOf[i] = string(answers[0].AppendJSON(nil))
		})
	}
	work.Wait()
	for _, a := range answersOf {
		require.Equal(t, answersOf[0], a)
	}
}
