// Package live keeps customers up to date and speaks about them: it folds events into what the store holds, and scores, shows and
// erases customers. It knows neither HTTP nor where its parts come from.
package live

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

// Options are what an Engine works with.
type Options struct {
	Store    *store.Store
	Metrics  *metrics.Metrics
	Log      *slog.Logger
	Now      func() time.Time
	Deadline time.Duration // of a score that does not say
	// MaxLate bounds the commands of the store that nobody waits for any more; with more of them the store counts as lost.
	MaxLate int
}

// Engine is safe for concurrent use. Nothing may be asked of it before Use was called.
type Engine struct {
	store    *store.Store
	metrics  *metrics.Metrics
	log      *slog.Logger
	now      func() time.Time
	deadline time.Duration

	serving atomic.Pointer[Serving]
	late    chan struct{}  // a place for each load under way
	work    sync.WaitGroup // loads under way, and idle loaders
	loads   chan *fetch    // to loaders that have nothing to do
	stopped chan struct{}  // closed by Wait
	stop    sync.Once
	scratch sync.Pool // of *scratch
	fetches sync.Pool // of *fetch
	arenas  sync.Pool // of *arena

	complaints complaints
	exhausted  spentBudgets
	learnt     atomic.Pointer[bandit.Table]
	people     sync.Pool       // of *person
	wake       func(shard int) // nil: nobody waits for decisions
	turns      *turns
	copies     []Scrubber
}

// New returns an engine that serves nothing yet.
func New(o Options) *Engine {
	e := &Engine{
		store: o.Store, metrics: o.Metrics, log: o.Log, now: o.Now, deadline: o.Deadline,
		late: make(chan struct{}, o.MaxLate), loads: make(chan *fetch), stopped: make(chan struct{}), turns: newTurns(),
	}
	e.scratch.New = func() any { return &scratch{} }
	e.exhausted.now = o.Now
	e.people.New = func() any { return &person{} }
	e.arenas.New = func() any { return &arena{} }
	e.fetches.New = func() any { return newFetch() }
	return e
}

// Scrubber removes what a copy of the journal holds of a customer up to a version.
type Scrubber interface {
	Scrub(ctx context.Context, customer string, upTo uint64) (removed int, err error)
}

// AlsoScrub has erasures reach a copy of the journal. It must be called before the engine is used.
func (e *Engine) AlsoScrub(copy Scrubber) { e.copies = append(e.copies, copy) }

// OnDecision has f called with the shard of every decision that was committed while nobody asked. It must be called before the engine
// is used.
func (e *Engine) OnDecision(f func(shard int)) { e.wake = f }

// Learnt has choices from now on made as a table says.
func (e *Engine) Learnt(t *bandit.Table) { e.learnt.Store(t) }

// Now is the engine's clock in Unix milliseconds.
func (e *Engine) Now() int64 { return e.now().UnixMilli() }

// Wait returns when no command of the store is under way any more, or when ctx is done. Nothing may be asked of the engine after it.
func (e *Engine) Wait(ctx context.Context) error {
	e.stop.Do(func() { close(e.stopped) })
	done := make(chan struct{})
	go func() { e.work.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
