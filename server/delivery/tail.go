package delivery

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

const (
	tailPage = 256
	// tailPages is how many pages of one shard are read before the others have their turn.
	tailPages = 8
)

// journal is what delivery reads.
type journal interface {
	Shards() int
	ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error)
	ReadJournalBack(ctx context.Context, shard int, before string, limit int) ([]store.Entry, error)
}

// batch is what one page of a shard's journal held.
type batch struct {
	shard       int
	after, upTo string
	issued      []Issued
}

// tail follows the end of every shard's journal while somebody listens, and reads nothing while nobody does. One goroutine owns it;
// what other servers committed it finds by looking again and again, what this one did it is told of.
type tail struct {
	journal journal
	every   time.Duration
	metrics *metrics.Delivery
	log     *slog.Logger
	now     func() time.Time
	consume func(batch)

	cursors   []string // nil: nobody listens
	failing   bool
	listeners atomic.Int32
	joins     chan chan error
	stopped   chan struct{} // closed when run returns
	dirty     []atomic.Bool // shards that were committed to
	wake      chan struct{}
	complete  atomic.Int64 // Unix milliseconds up to which everything was read
}

func newTail(o *Options, consume func(batch)) *tail {
	return &tail{
		journal: o.Store, every: o.timing.poll, metrics: o.Metrics, log: o.Log, now: o.Now, consume: consume,
		joins: make(chan chan error), stopped: make(chan struct{}), dirty: make([]atomic.Bool, o.Store.Shards()), wake: make(chan struct{}, 1),
	}
}

// notify says that a shard has something new. It never blocks.
func (t *tail) notify(shard int) {
	if t.listeners.Load() == 0 {
		return
	}
	t.dirty[shard].Store(true)
	select {
	case t.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// join has the tail run until leave is called. When it returns without an error, everything that is committed from then on is read.
func (t *tail) join(ctx context.Context) error {
	t.listeners.Add(1)
	err := t.ask(ctx)
	if err != nil {
		t.leave()
	}
	return err
}

func (t *tail) ask(ctx context.Context) error {
	joined := make(chan error, 1)
	select {
	case t.joins <- joined:
		return <-joined
	case <-t.stopped:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *tail) leave() { t.listeners.Add(-1) }

// run follows until ctx is done.
func (t *tail) run(ctx context.Context) {
	defer close(t.stopped)
	ticker := time.NewTicker(t.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case joined := <-t.joins:
			joined <- t.begin(ctx)
		case <-t.wake:
			t.sweep(ctx, false)
		case <-ticker.C:
			t.sweep(ctx, true)
		}
	}
}

// position is the time up to which all shards were read, however far some of them have come: behind it nothing is left out.
func (t *tail) position() time.Time { return time.UnixMilli(t.complete.Load()) }

// begin puts the cursors at the ends of the journal, unless they follow it already.
func (t *tail) begin(ctx context.Context) error {
	if t.cursors != nil {
		return nil
	}
	start := t.now()
	cursors := make([]string, t.journal.Shards())
	for shard := range cursors {
		var err error
		if cursors[shard], err = end(ctx, t.journal, shard); err != nil {
			return err
		}
	}
	t.cursors = cursors
	t.complete.Store(start.UnixMilli())
	return nil
}

// end is the cursor of a shard's newest entry; "" when it has none.
func end(ctx context.Context, j journal, shard int) (string, error) {
	last, err := j.ReadJournalBack(ctx, shard, "", 1)
	if err != nil || len(last) == 0 {
		return "", err
	}
	return last[0].Cursor, nil
}

// sweep reads what is new in all shards, or in those that were committed to.
func (t *tail) sweep(ctx context.Context, all bool) {
	if t.listeners.Load() == 0 {
		t.cursors = nil
		return
	}
	start, ended := t.now(), all
	for shard := range t.cursors {
		if !t.dirty[shard].Swap(false) && !all {
			continue
		}
		end, err := t.advance(ctx, shard)
		if err != nil {
			t.failed(ctx, err)
			return
		}
		ended = ended && end
	}
	t.failing = false
	if ended && t.cursors != nil {
		t.complete.Store(start.UnixMilli())
	}
}

// advance reads on in one shard, and says whether it came to the end.
func (t *tail) advance(ctx context.Context, shard int) (ended bool, err error) {
	for range tailPages {
		after := t.cursors[shard]
		entries, err := t.journal.ReadJournal(ctx, shard, after, tailPage)
		if err != nil {
			return false, err
		}
		if len(entries) == 0 {
			return true, nil
		}
		b := batch{shard: shard, after: after, upTo: entries[len(entries)-1].Cursor}
		for i := range entries {
			issued, err := issuedOf(&entries[i])
			if err != nil {
				t.log.Error("a decision in the journal cannot be delivered", "cursor", entries[i].Cursor, "error", err)
				t.metrics.Unreadable.Inc()
			}
			b.issued = append(b.issued, issued...)
		}
		t.cursors[shard] = b.upTo
		t.consume(b)
		if len(entries) < tailPage {
			return true, nil
		}
	}
	t.notify(shard) // there may be more
	return false, nil
}

// failed says once that the journal cannot be read; the next look begins where this one stopped.
func (t *tail) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	t.metrics.TailFailed.Inc()
	if !t.failing {
		t.log.Warn("the journal cannot be followed, actions are delivered late", "error", err, "again_in", t.every)
	}
	t.failing = true
}
