package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of one flush: what one script, one batch, one sync should carry at most.
const (
	maxFlushChanges = 512
	maxFlushBytes   = 4 << 20
)

// lane is the queue of one shard. While a flush is in flight, who comes waits, and goes with the next.
type lane struct {
	mu      sync.Mutex
	waiting []*request
	// wake has the lane's goroutine look at the queue; it is made, and the goroutine started, when the lane is first used. A
	// goroutine that stays is cheaper than one for every flush, which would have to grow its stack again.
	wake chan struct{}
}

// request is what one Commit has for one shard, or a part of it that fits into a flush.
type request struct {
	ticket   *ticket
	shard    int
	changes  []Change
	at       []int // where each change stands in the Commit
	bytes    int
	outcomes []error
	err      error
	over     atomic.Bool // outcomes and err are set
}

// ticket is what a Commit waits with.
type ticket struct {
	pending atomic.Int64
	done    chan struct{} // closed when no request is pending
}

// push queues a request.
func (s *Store) push(r *request) {
	l := &s.lanes[r.shard]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, r)
	if l.wake == nil {
		l.wake = make(chan struct{}, 1)
		s.work.Go(func() { s.serve(r.shard, l) })
	}
	select {
	case l.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// serve flushes a lane until the store is closed and nobody waits.
func (s *Store) serve(shard int, l *lane) {
	for stopping := false; !stopping; {
		select {
		case <-l.wake:
		case <-s.stop.Done():
			stopping = true
		}
		for {
			batch := l.next()
			if batch == nil {
				break
			}
			s.flush(shard, batch)
		}
	}
}

// next takes the requests that fit into one flush; nil when there are none.
func (l *lane) next() []*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, changes, bytes := 0, 0, 0
	for _, r := range l.waiting {
		changes, bytes = changes+len(r.changes), bytes+r.bytes
		if n > 0 && (changes > maxFlushChanges || bytes > maxFlushBytes) {
			break
		}
		n++
	}
	if n == len(l.waiting) {
		batch := l.waiting
		l.waiting = nil
		return batch
	}
	batch := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	return batch
}

func (s *Store) flush(shard int, batch []*request) {
	changes := batch[0].changes
	for _, r := range batch[1:] {
		changes = append(changes, r.changes...)
	}
	outcomes := make([]error, len(changes))
	start := time.Now()
	// Whoever waits may give up; the flush serves the others too, so it is nobody's to cancel.
	err := s.Driver.Commit(context.Background(), shard, changes, outcomes)
	flush := Flush{Shard: shard, Changes: len(changes), Took: time.Since(start), Err: err}
	for _, outcome := range outcomes {
		if errors.Is(outcome, ErrConflict) {
			flush.Conflicts++
		}
	}
	if s.onFlush != nil {
		s.onFlush(flush)
	}
	at := 0
	for _, r := range batch {
		r.err, r.outcomes = err, outcomes[at:at+len(r.changes)]
		at += len(r.changes)
		r.over.Store(true)
		if r.ticket.pending.Add(-1) == 0 {
			close(r.ticket.done)
		}
	}
}
