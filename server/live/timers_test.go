package live_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

const waiting = `
version: 1
actions: {reminder: {kind: reminder, channels: [sms], value: 3}}
plays: [{name: cart, on: Product Added, after: 1h, unless: Order Completed, propose: [reminder]}]
`

// added is a cart begun two hours before noon, so that its timer is due.
func added(id string) event.Event {
	at := noon.Add(-2 * time.Hour).UnixMilli()
	return event.Event{ID: "a-" + id, Type: event.Track, Name: "Product Added", CustomerID: id, At: at, ReceivedAt: at}
}

func carts(n int) []event.Event {
	out := make([]event.Event, n)
	for i := range out {
		out[i] = added(fmt.Sprint("c", i))
	}
	return out
}

// fireAll has an engine fire what is due in all shards.
func fireAll(t testing.TB, e *live.Engine, shards int) {
	for shard := range shards {
		if _, err := e.FireDue(context.Background(), shard); err != nil {
			t.Error(err)
		}
	}
}

// TestATimerFiresOnceAcrossServers: two servers look after the same timers at the same time.
func TestATimerFiresOnceAcrossServers(t *testing.T) {
	engines := servers(t, 2, waiting)
	const customers = 300
	require.NoError(t, engines[0].Ingest(t.Context(), carts(customers)).Err)
	var woken atomic.Int64
	var work sync.WaitGroup
	for _, e := range engines {
		e.OnDecision(func(int) { woken.Add(1) })
		work.Go(func() {
			for range 5 {
				fireAll(t, e, 16)
			}
		})
	}
	work.Wait()
	require.EqualValues(t, customers, woken.Load())
	for i := range customers {
		records, err := engines[0].Recent(t.Context(), fmt.Sprint("c", i), 10)
		require.NoError(t, err)
		decisions := 0
		for _, r := range records {
			if r.Kind == store.RecordDecision {
				decisions++
			}
		}
		require.Equal(t, 1, decisions, "customer %d", i)
	}
}

// TestATimerOfAServerThatDiedComesBack: what was claimed and not committed is due again when the claim ends.
func TestATimerOfAServerThatDiedComesBack(t *testing.T) {
	e := newEngine(t, nil)
	e.play(waiting)
	require.NoError(t, e.Ingest(t.Context(), carts(1)).Err)
	shard := store.ShardOf("c0", e.store.Shards())
	claimed, err := e.store.ClaimTimers(t.Context(), shard, e.now(), 30*time.Second, 10) // by another server, which dies
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	n, err := e.FireDue(t.Context(), shard)
	require.NoError(t, err)
	require.Zero(t, n, "it is claimed")
	e.clock.Add(int64(31 * time.Second))
	n, err = e.FireDue(t.Context(), shard)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.EqualValues(t, 1, e.counter("halfstep_timers_total", "fired"))
}

func TestANewTriggerRestartsATimer(t *testing.T) {
	e := newEngine(t, nil)
	e.play(waiting)
	e.happens("Product Added", "{}")
	e.later(50 * time.Minute)
	e.happens("Product Added", "{}")
	e.later(50 * time.Minute)
	require.Zero(t, e.counter("halfstep_timers_total", "fired"))
	e.later(11 * time.Minute)
	require.EqualValues(t, 1, e.counter("halfstep_timers_total", "fired"))
}

func TestTimersOfAnErasedCustomerAreGone(t *testing.T) {
	e := newEngine(t, nil)
	e.play(waiting)
	e.happens("Product Added", "{}")
	_, err := e.Erase(t.Context(), "c")
	require.NoError(t, err)
	e.later(2 * time.Hour)
	require.Zero(t, e.counter("halfstep_timers_total", "fired"))
}

// BenchmarkMootTimers is how fast due timers are found to be moot; BenchmarkDueTimers how fast they fire.
func BenchmarkMootTimers(b *testing.B) { benchmarkTimers(b, true) }
func BenchmarkDueTimers(b *testing.B)  { benchmarkTimers(b, false) }

func benchmarkTimers(b *testing.B, moot bool) {
	const batch = 10_000
	opened := store.New(memory.New(16))
	e := live.New(live.Options{
		Store: opened, Metrics: metrics.New(prometheus.NewRegistry()), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func() time.Time { return noon }, Deadline: time.Second, MaxLate: 64,
	})
	set := features.Default()
	source := waiting
	if moot {
		source = strings.Replace(waiting, "after:", "when: features.orders_30d > 5, after:", 1)
	}
	book, err := playbook.Parse([]byte(source), playbook.Vocabulary{Features: set, Tasks: playbook.StandardTasks()})
	require.NoError(b, err)
	serving := live.NewServing(set, models.NewRegistry())
	serving.Play(book)
	require.NoError(b, e.Use(context.Background(), serving))
	fired := 0
	for b.Loop() {
		b.StopTimer()
		in := make([]event.Event, batch)
		for i := range in {
			in[i] = added(fmt.Sprint("c", fired+i))
		}
		fired += batch
		require.NoError(b, e.Ingest(context.Background(), in).Err)
		b.StartTimer()
		fireAll(b, e, opened.Shards())
	}
	b.ReportMetric(float64(fired)/b.Elapsed().Seconds(), "timers/s")
}
