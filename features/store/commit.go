package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
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
	if err := ctx.Err(); err != nil || len(changes) == 0 {
		return err
	}
	t := &ticket{done: make(chan struct{})}
	requests := s.split(t, changes)
	if err := s.enqueue(requests); err != nil {
		return err
	}
	select {
	case <-t.done:
	case <-ctx.Done():
	}
	var failed error
	for i := range requests {
		if err := requests[i].report(ctx, outcomes); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// report copies what became of a request, or says that it is not known.
func (r *request) report(ctx context.Context, outcomes []error) error {
	err := ctx.Err()
	if r.over.Load() {
		err = r.err
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

// split makes the requests of a commit: for each shard one, or several that each fit into a flush. Changes of one shard keep
// their order.
func (s *Store) split(t *ticket, changes []Change) []request {
	shards, at := make([]int, len(changes)), make([]int, len(changes))
	for i := range changes {
		shards[i], at[i] = ShardOf(changes[i].ID, len(s.lanes)), i
	}
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(shards[a], shards[b]) })
	sorted := make([]Change, len(changes))
	var requests []request
	for i, k := range at {
		sorted[i] = changes[k]
		size := changes[k].size()
		last := len(requests) - 1
		if last < 0 || requests[last].shard != shards[k] || requests[last].full(size) {
			requests = append(requests, request{ticket: t, shard: shards[k], changes: sorted[i:i:len(sorted)], at: at[i:i]})
			last++
		}
		r := &requests[last]
		r.changes, r.at, r.bytes = r.changes[:len(r.changes)+1], r.at[:len(r.at)+1], r.bytes+size
	}
	for i := range requests {
		r := &requests[i]
		r.changes = slices.Clip(r.changes) // a flush may append to it
	}
	t.pending.Store(int64(len(requests)))
	return requests
}

func (r *request) full(more int) bool {
	return len(r.changes) == maxFlushChanges || r.bytes+more > maxFlushBytes
}

// enqueue puts requests into the lanes of their shards.
func (s *Store) enqueue(requests []request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	for i := range requests {
		s.push(&requests[i])
	}
	return nil
}
