package replay

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/halfstep-ml/halfstep/features/event"
)

// visitor does what a replay is for, customer by customer. It is for one goroutine.
type visitor interface {
	// wants says whether a customer is to be decoded at all.
	wants(id []byte) bool
	// customer is given all events of a customer in order of arrival. They are valid until it returns.
	customer(id string, events []event.Event) error
	// bucket says that all customers of a bucket have been seen.
	bucket(n int) error
	// duplicates is how many events were not folded because they had been before.
	duplicates() int64
}

// pool shares the buckets out among workers.
type pool struct {
	in      Input
	rows    *spool
	options Options

	next   atomic.Int64
	mu     sync.Mutex // of what follows, and of calls to the caller's functions
	done   int
	counts Counts
}

// run lets visitors see all customers, and returns what was counted.
func (p *pool) run(ctx context.Context, newVisitor func() visitor) (Counts, error) {
	group, ctx := errgroup.WithContext(ctx)
	for range p.options.Workers {
		group.Go(func() error {
			w := &worker{decoder: p.in.NewDecoder(), visitor: newVisitor()}
			for n := p.take(); n < bucketCount; n = p.take() {
				if err := p.bucket(ctx, w, n); err != nil {
					return err
				}
			}
			p.leave(w)
			return nil
		})
	}
	err := group.Wait()
	return p.counts, err
}

// take is the next bucket that nobody has taken.
func (p *pool) take() int { return int(p.next.Add(1)) - 1 }

func (p *pool) bucket(ctx context.Context, w *worker, n int) error {
	pieces, err := p.rows.take(n)
	if err != nil {
		return err
	}
	if err := w.bucket(ctx, pieces); err != nil {
		return err
	}
	if err := w.visitor.bucket(n); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if p.options.Progress != nil {
		p.options.Progress(p.done, bucketCount)
	}
	return nil
}

// leave adds up what a worker has seen.
func (p *pool) leave(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.counts
	c.Events, c.Customers = c.Events+w.events, c.Customers+w.customers
	c.Duplicates += w.visitor.duplicates()
	if w.events > 0 && (c.From == 0 || w.from < c.From) {
		c.From = w.from
	}
	c.Until = max(c.Until, w.until)
}

// worker takes buckets apart into customers. It is for one goroutine.
type worker struct {
	decoder Decoder
	visitor visitor
	rows    []stored
	history []event.Event // of one customer

	events, customers int64
	from, until       int64
}

func (w *worker) bucket(ctx context.Context, pieces [][]byte) error {
	w.rows = sorted(pieces, w.rows[:0])
	for rest := w.rows; len(rest) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 1
		for n < len(rest) && bytes.Equal(rest[n].customer, rest[0].customer) {
			n++
		}
		if w.visitor.wants(rest[0].customer) {
			if err := w.customer(string(rest[0].customer), rest[:n]); err != nil {
				return err
			}
		}
		rest = rest[n:]
	}
	return nil
}

func (w *worker) customer(id string, rows []stored) (err error) {
	w.history = w.history[:0]
	w.decoder.Reset()
	for i := range rows {
		if w.history, err = w.decoder.Decode(rows[i].raw, w.history); err != nil {
			return err
		}
	}
	if len(w.history) == 0 {
		return nil
	}
	w.count()
	if err := w.visitor.customer(id, w.history); err != nil {
		return fmt.Errorf("customer %q: %w", id, err)
	}
	return nil
}

// count notes how many events there are, and from when to when.
func (w *worker) count() {
	w.events += int64(len(w.history))
	w.customers++
	for i := range w.history {
		at, _ := w.history[i].Time()
		if w.from == 0 || at < w.from {
			w.from = at
		}
		w.until = max(w.until, at)
	}
}
