package live_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/models/ort"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

// noon is when the tests take place.
var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// maxLate is how many commands of the store may be late.
const maxLate = 64

// driver is a store in memory that can be made to fail or to hang.
type driver struct {
	store.Driver
	mu           sync.Mutex
	loadErr      error
	commitErr    error
	linkErr      error
	corrupt      bool
	garble       bool          // tombstones
	hang         chan struct{} // nil: it does not
	hangBudgets  chan struct{} // nil: they do not
	beforeCommit func()
	commits      int
}

func newDriver() *driver { return &driver{Driver: memory.New(4)} }

func (d *driver) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *driver) Load(ctx context.Context, ids []string, out []store.Snapshot) error {
	d.mu.Lock()
	err, hang, corrupt, garble := d.loadErr, d.hang, d.corrupt, d.garble
	d.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if err != nil {
		return err
	}
	err = d.Driver.Load(ctx, ids, out)
	for i := range out {
		if garble && out[i].Tombstone != nil {
			out[i].Tombstone = []byte("not a tombstone")
		}
	}
	if corrupt {
		for i := range out {
			out[i].State = []byte("not a state")
		}
	}
	return err
}

func (d *driver) Commit(ctx context.Context, shard int, changes []store.Change, outcomes []error) error {
	d.mu.Lock()
	err, hang, before := d.commitErr, d.hang, d.beforeCommit
	d.beforeCommit = nil
	d.commits++
	d.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if before != nil {
		before()
	}
	if err != nil {
		return err
	}
	return d.Driver.Commit(ctx, shard, changes, outcomes)
}

func (d *driver) budgets() {
	d.mu.Lock()
	hang := d.hangBudgets
	d.mu.Unlock()
	if hang != nil {
		<-hang
	}
}

func (d *driver) Spend(ctx context.Context, key, token string, limit int64, expires time.Time) (bool, error) {
	d.budgets()
	return d.Driver.Spend(ctx, key, token, limit, expires)
}

func (d *driver) Refund(ctx context.Context, key, token string) error {
	d.budgets()
	return d.Driver.Refund(ctx, key, token)
}

func (d *driver) Link(ctx context.Context, shard int, link string) (customer, cursor string, ok bool, err error) {
	d.mu.Lock()
	err = d.linkErr
	d.mu.Unlock()
	if err != nil {
		return "", "", false, err
	}
	return d.Driver.Link(ctx, shard, link)
}

type engine struct {
	*live.Engine
	t        *testing.T
	driver   *driver
	store    *store.Store
	runtime  *ort.Runtime
	registry *prometheus.Registry
	models   []*models.Model
	clock    atomic.Int64 // how far past noon it is, in nanoseconds
}

// newEngine has an engine whose one model is churn.
func newEngine(t *testing.T, change func(*bundletest.Bundle)) *engine {
	t.Helper()
	e := &engine{t: t, driver: newDriver(), registry: prometheus.NewRegistry()}
	e.store = store.New(e.driver)
	t.Cleanup(func() {
		if err := e.store.Close(); err != nil {
			t.Error(err)
		}
	})
	e.Engine = live.New(live.Options{
		Store: e.store, Metrics: metrics.New(e.registry), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func() time.Time { return noon.Add(time.Duration(e.clock.Load())) }, Deadline: time.Second, MaxLate: maxLate,
	})
	var err error
	if e.runtime, err = ort.Start(ort.Options{Parallel: 1}); err != nil {
		t.Fatal(err)
	}
	e.use(change)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// use has another version of the model serve, and models that read text.
func (e *engine) use(change func(*bundletest.Bundle), texts ...bundletest.Bundle) {
	e.t.Helper()
	b := bundletest.Trees()
	if change != nil {
		change(&b)
	}
	set := features.Default()
	for i := range b.Inputs {
		b.Inputs[i].Hash, _ = set.Lookup(b.Inputs[i].Name)
	}
	m, err := models.Load(e.t.Context(), b.Files(), set, e.runtime)
	if err != nil {
		e.t.Fatal(err)
	}
	e.models = []*models.Model{m}
	registry := models.NewRegistry()
	if err := registry.Swap(m); err != nil {
		e.t.Fatal(err)
	}
	for _, b := range texts {
		m, err := models.LoadText(e.t.Context(), b.Files(), e.runtime)
		if err != nil {
			e.t.Fatal(err)
		}
		if err := registry.SwapTexts(m); err != nil {
			e.t.Fatal(err)
		}
	}
	if err := e.Use(e.t.Context(), live.NewServing(set, registry)); err != nil {
		e.t.Fatal(err)
	}
}

func (e *engine) score(r live.Request) live.Answer {
	e.t.Helper()
	requests, answers := []live.Request{r}, make([]live.Answer, 1)
	if err := e.Score(requests, answers); err != nil {
		e.t.Fatal(err)
	}
	return answers[0]
}

// counter is the value of a metric, as in halfstep_degraded_total{cause="store_timeout"}.
func (e *engine) counter(name, label string) float64 {
	e.t.Helper()
	families, err := e.registry.Gather()
	if err != nil {
		e.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || len(m.GetLabel()) > 0 && m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func (e *engine) lint() {
	e.t.Helper()
	problems, err := testutil.GatherAndLint(e.registry)
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "halfstep_") {
			e.t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if err != nil {
		e.t.Error(err)
	}
}

// events makes events of customer c.
func events(t *testing.T, ids ...string) []event.Event {
	t.Helper()
	out := make([]event.Event, len(ids))
	for i, id := range ids {
		out[i] = event.Event{ID: id, Type: event.Track, Name: "A", CustomerID: "c", At: noon.Add(-time.Minute).UnixMilli()}
		if err := out[i].Check(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func (e *engine) ingest(events []event.Event) live.Ingested {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), 10*time.Second)
	defer cancel()
	return e.Ingest(ctx, events)
}

func (e *engine) known() int64 {
	e.t.Helper()
	p, err := e.Profile(e.t.Context(), "c", 0)
	if err != nil {
		e.t.Fatal(err)
	}
	return p.Events
}
