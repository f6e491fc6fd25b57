package store

import (
	"context"
	"sync"
)

// Store is a Driver whose commits of different customers travel together. The methods that it does not define are the driver's.
type Store struct {
	Driver

	lanes   []lane
	onFlush func(Flush)

	stop     context.Context // ends the side work
	stopping context.CancelFunc
	work     sync.WaitGroup

	mu     sync.RWMutex // held for reading while changes are queued
	closed bool
}

// Option changes what New makes.
type Option func(*Store)

// OnFlush has f called after every commit of the driver, from many goroutines: for metrics.
func OnFlush(f func(Flush)) Option {
	return func(s *Store) { s.onFlush = f }
}

// New returns a Store over a driver, which Close closes.
func New(driver Driver, options ...Option) *Store {
	s := &Store{Driver: driver, lanes: make([]lane, driver.Shards())}
	s.stop, s.stopping = context.WithCancel(context.Background())
	for _, option := range options {
		option(s)
	}
	return s
}

// Load returns what is stored of customers, in their order.
func (s *Store) Load(ctx context.Context, ids []string) ([]Snapshot, error) {
	out := make([]Snapshot, len(ids))
	if err := s.Driver.Load(ctx, ids, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Close refuses new work, waits for what is under way, and closes the driver.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.stopping()
	s.work.Wait()
	return s.Driver.Close()
}
