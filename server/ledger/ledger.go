package ledger

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

const (
	// every is how often the journal is looked at, and how often a table may be published.
	every = 300 * time.Millisecond
	// glance is how much is read of a shard before it is known that there is more.
	glance = 16
	page   = 500
	// lateness is how late an outcome may be told and still be learnt from.
	lateness    = 48 * time.Hour
	forgetEvery = time.Hour
)

// Journal is what a Ledger reads.
type Journal interface {
	Shards() int
	ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error)
	ReadJournals(ctx context.Context, after []string, limit int, page func(shard int, entries []store.Entry) error) error
}

// Store is what a Ledger reads, and where servers agree on when choices froze.
type Store interface {
	Journal
	meta
}

// Options are what a Ledger works with.
type Options struct {
	Store    Store
	Playbook func() *playbook.Playbook // that serves now; nil: none does
	Learnt   func(*bandit.Table)       // is given each table that is published
	Metrics  *metrics.Metrics
	Log      *slog.Logger
	Now      func() time.Time
}

// Ledger follows the journal. Its reports are safe for concurrent use.
type Ledger struct {
	Options
	fold    *fold
	saved   *checkpoint        // of the start; nil: there was none, or it was used
	book    *playbook.Playbook // that choices were defined by
	choices []decide.Choice
	started bool      // what was saved was looked for
	defined bool      // there was a first time
	caught  bool      // the fold has come to the journal's end once
	live    bool      // the journal's end was seen once: what comes is news
	forget  time.Time // when issues were closed last
	save    time.Time // when to save next
	failing bool

	shown atomic.Pointer[shown]
}

// shown is what reports are made of.
type shown struct {
	counts  *counts
	choices []decide.Choice
	table   *bandit.Table
	whole   bool // the journal was read to its end
}

// New returns a Ledger that knows nothing yet.
func New(o Options) *Ledger {
	l := &Ledger{Options: o}
	c := newCounts(o.Store.Shards(), o.Now)
	l.fold = newFold(nil, c, l.count)
	l.shown.Store(&shown{counts: c, table: &bandit.Table{}})
	return l
}

// begin learns under other rules: from what was saved under the same ones, or from the journal's beginning. Until all is known again,
// choices are drawn as before.
func (l *Ledger) begin(r rules) {
	counts := l.fold.counts
	l.fold = newFold(r, counts, l.count)
	l.caught, l.forget = false, l.Now()
	if l.saved != nil && r.equal(l.saved.Learnt.Rules) {
		if err := l.fold.restore(&l.saved.Learnt); err != nil {
			l.Log.Warn("what was learnt cannot be restored, and is learnt from the journal again", "error", err)
		}
	}
	l.saved = nil
}

// Run follows the journal until ctx is done.
func (l *Ledger) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		l.failed(ctx, l.Step(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
			l.keep(context.WithoutCancel(ctx))
			return
		}
	}
}

// failed says once that something does not work; the next look begins where this one stopped.
func (l *Ledger) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.Metrics.Ledger.Failed.Inc()
		if !l.failing {
			l.Log.Warn("the journal cannot be followed: reports stand still, and nothing is learnt", "error", err, "again_in", every)
		}
	}
	l.failing = err != nil
}

// Step takes in what is new, be it a playbook or records, and publishes what was learnt from it. One goroutine calls it.
func (l *Ledger) Step(ctx context.Context) error {
	if !l.started {
		if err := l.resume(ctx); err != nil {
			return err
		}
	}
	if book := l.Playbook(); book != l.book || !l.defined {
		if err := l.define(ctx, book); err != nil {
			return err
		}
	}
	start := time.Now()
	if err := l.read(ctx); err != nil {
		return err
	}
	if !l.caught {
		l.caught, l.live, l.fold.learnt = true, true, true
		l.Log.Info("the journal was read", "took", time.Since(start), "choices", len(l.choices))
	}
	if now := l.Now(); now.Sub(l.forget) >= forgetEvery {
		l.forget = now
		l.fold.learner.Forget(now.Add(-lateness))
	}
	if l.fold.learnt {
		l.publish()
	}
	if l.fold.moved && !l.Now().Before(l.save) {
		l.keep(ctx)
	}
	return nil
}

// count counts an outcome that came since the start.
func (l *Ledger) count(o *live.Outcome) {
	if l.live && !o.Held {
		l.Metrics.Outcome(o.Play, o.Action, o.Variant, o.Outcome)
	}
}

// define has a playbook's choices learnt. When one of them learns from something else than before, everything is read again.
func (l *Ledger) define(ctx context.Context, book *playbook.Playbook) error {
	var choices []decide.Choice
	if book != nil {
		choices = decide.Choices(book)
	}
	if err := freeze(ctx, l.Store, choices, l.Now()); err != nil {
		return err
	}
	if r := rulesOf(choices); !r.equal(l.fold.rules) || !l.defined {
		l.begin(r)
	}
	plain := make([]bandit.Choice, len(choices))
	for i := range choices {
		plain[i] = choices[i].Choice
	}
	l.book, l.choices, l.defined = book, choices, true
	if err := l.fold.learner.Define(plain); err != nil {
		l.Log.Error("the playbook's choices are drawn as before: they cannot be learnt", "error", err)
		return nil
	}
	l.Metrics.Ledger.ForgetArms()
	l.fold.learnt = true
	return nil
}

// read takes in what is new in the journal.
func (l *Ledger) read(ctx context.Context) error {
	var long []int // shards that may have more than a glance shows
	err := l.Store.ReadJournals(ctx, slices.Clone(l.fold.cursors), glance, func(shard int, entries []store.Entry) error {
		l.take(shard, entries)
		if len(entries) == glance {
			long = append(long, shard)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, shard := range long {
		for {
			entries, err := l.Store.ReadJournal(ctx, shard, l.fold.cursors[shard], page)
			if err != nil {
				return err
			}
			l.take(shard, entries)
			if len(entries) < page {
				break
			}
		}
	}
	return nil
}

func (l *Ledger) take(shard int, entries []store.Entry) {
	for _, err := range l.fold.take(shard, entries) {
		l.Metrics.Ledger.Unreadable.Inc()
		l.Log.Error("a record of the journal is left out of reports and learning", "shard", shard, "error", err)
	}
}

// publish has decisions drawn by what is known now.
func (l *Ledger) publish() {
	l.fold.learnt = false
	table := l.fold.learner.Publish()
	l.Learnt(table)
	l.shown.Store(&shown{counts: l.fold.counts, choices: l.choices, table: table, whole: true})
	l.Metrics.Ledger.Published.Inc()
	for i := range l.choices {
		row := table.Row(l.choices[i].Name, "")
		if row == nil {
			continue
		}
		for _, arm := range row.Arms {
			l.Metrics.Ledger.Stands(l.choices[i].Name, arm.Name, arm.Best, arm.Propensity)
		}
	}
}
