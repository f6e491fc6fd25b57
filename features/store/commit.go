package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The bounds of one flush: what one script, one batch, one sync should carry at most.
const (
	maxFlushChanges = 512
	maxFlushBytes   = 4 << 20
)

// Flush is one commit of a driver: the changes that travelled together.
type Flush struct {
	Shard     int
	Changes   int
	Conflicts int
	Took      time.Duration
	// Err means that it is not known which changes were applied.
	Err error
}

// lane is the queue of one shard. While a flush is in flight, who comes waits, and goes with the next.
type lane struct {
	mu      sync.Mutex
	waiting []*request
	running bool
}

// request is what one Commit has for one shard, or a part of it that fits into a flush.
type request struct {
	changes  []Change
	at       []int // where each change stands in the Commit
	bytes    int
	outcomes []error
	err      error
	done     chan struct{}
}

// Commit applies changes, each of them wholly or not at all, and sets outcomes[i] to nil when changes[i] was applied and is
// durable, to ErrConflict when its customer has moved on, or to another error when it is not known whether it was applied.
// The returned error is nil unless an outcome is such another error, or no change was even tried.
//
// When ctx is done first, Commit returns its error for the changes that are still under way: they may be applied yet, and
// their bytes must be left alone.
func (s *Store) Commit(ctx context.Context, changes []Change, outcomes []error) error {
	if len(outcomes) != len(changes) {
		return fmt.Errorf("commit: %d outcomes for %d changes", len(outcomes), len(changes))
	}
	for i := range changes {
		if err := changes[i].check(); err != nil {
			return fmt.Errorf("commit: changes[%d]: %w", i, err)
		}
	}
	requests, err := s.enqueue(ctx, changes)
	if err != nil {
		return err
	}
	var failed error
	for _, r := range requests {
		select {
		case <-r.done:
		case <-ctx.Done():
		}
		failed = errors.Join(failed, r.report(ctx, outcomes))
	}
	return failed
}

// report copies what became of a request, or says that it is not known.
func (r *request) report(ctx context.Context, outcomes []error) error {
	var err error
	select {
	case <-r.done:
		err = r.err
	default:
		err = ctx.Err()
	}
	for i, at := range r.at {
		if err != nil {
			outcomes[at] = err
		} else {
			outcomes[at] = r.outcomes[i]
		}
	}
	return err
}

// enqueue puts the changes into the lanes of their shards.
func (s *Store) enqueue(ctx context.Context, changes []Change) ([]*request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	var requests []*request
	open := make(map[int]*request, min(len(changes), len(s.lanes)))
	for i := range changes {
		shard := ShardOf(changes[i].ID, len(s.lanes))
		size := changes[i].size()
		r := open[shard]
		if r != nil && (len(r.changes) == maxFlushChanges || r.bytes+size > maxFlushBytes) {
			s.push(shard, r)
			r = nil
		}
		if r == nil {
			r = &request{done: make(chan struct{})}
			open[shard] = r
			requests = append(requests, r)
		}
		r.changes, r.at, r.bytes = append(r.changes, changes[i]), append(r.at, i), r.bytes+size
	}
	for shard, r := range open {
		s.push(shard, r)
	}
	return requests, nil
}

// push queues a request and sees to it that somebody flushes its lane.
func (s *Store) push(shard int, r *request) {
	l := &s.lanes[shard]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, r)
	if !l.running {
		l.running = true
		s.work.Go(func() { s.flushLane(shard, l) })
	}
}

// flushLane flushes until nobody waits.
func (s *Store) flushLane(shard int, l *lane) {
	for {
		batch := l.next()
		if batch == nil {
			return
		}
		s.flush(shard, batch)
		for _, r := range batch {
			close(r.done)
		}
	}
}

// next takes the requests that fit into one flush; nil when there are none, and then the lane rests.
func (l *lane) next() []*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.running = false
		return nil
	}
	n := 0
	changes, bytes := 0, 0
	for _, r := range l.waiting {
		changes, bytes = changes+len(r.changes), bytes+r.bytes
		if n > 0 && (changes > maxFlushChanges || bytes > maxFlushBytes) {
			break
		}
		n++
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
	took := time.Since(start)

	conflicts, at := 0, 0
	for _, r := range batch {
		r.err, r.outcomes = err, outcomes[at:at+len(r.changes)]
		at += len(r.changes)
		for _, outcome := range r.outcomes {
			if errors.Is(outcome, ErrConflict) {
				conflicts++
			}
		}
	}
	if s.onFlush != nil {
		s.onFlush(Flush{Shard: shard, Changes: len(changes), Conflicts: conflicts, Took: took, Err: err})
	}
}
