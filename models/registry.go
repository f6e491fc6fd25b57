package models

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Registry holds the models that serve, one a task. What serves changes in one step: a request takes a Snapshot and sees the same
// models from start to end, and a model that was replaced is closed when the last request that saw it is done.
type Registry struct {
	mu      sync.Mutex // orders swaps; requests never take it
	current atomic.Pointer[Snapshot]
}

// Snapshot is the models that served when it was taken. Release it when the request is done.
type Snapshot struct {
	models  []*Model // by task
	holders atomic.Int64
}

// NewRegistry returns a registry in which nothing serves yet.
func NewRegistry() *Registry {
	r := &Registry{}
	r.current.Store(newSnapshot(nil))
	return r
}

// newSnapshot starts with one holder, the registry.
func newSnapshot(models []*Model) *Snapshot {
	s := &Snapshot{models: models}
	s.holders.Store(1)
	for _, m := range models {
		m.holders.Add(1)
	}
	return s
}

// Snapshot returns the models that serve now.
func (r *Registry) Snapshot() *Snapshot {
	for {
		// A snapshot whose last holder has just left is gone, and then another one is already in its place.
		if s := r.current.Load(); s.retain() {
			return s
		}
	}
}

// Swap puts each model in the place of the one that serves its task, all at once, and returns the error of closing what nobody uses
// any more. Models of other tasks stay. The registry owns the models from here on, unless two of them are for one task: then nothing
// changes.
func (r *Registry) Swap(models ...*Model) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, m := range models {
		if j := slices.IndexFunc(models[:i], func(other *Model) bool { return other.Task == m.Task }); j >= 0 {
			return fmt.Errorf("two models for the task %s: %s and %s", m.Task, models[j].ID(), m.ID())
		}
	}
	old := r.current.Load()
	next := slices.Clone(models)
	for _, m := range old.models {
		if !slices.ContainsFunc(models, func(other *Model) bool { return other.Task == m.Task }) {
			next = append(next, m)
		}
	}
	slices.SortFunc(next, func(a, b *Model) int { return cmp.Compare(a.Task, b.Task) })
	r.current.Store(newSnapshot(next))
	return old.Release()
}

// Close takes all models out of service. Those in use are closed by the last Release.
func (r *Registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.Swap(newSnapshot(nil)).Release()
}

// retain fails when nobody holds the snapshot any more.
func (s *Snapshot) retain() bool {
	for {
		n := s.holders.Load()
		if n == 0 {
			return false
		}
		if s.holders.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release gives the snapshot back; it must not be used afterwards. The error is about closing a model that was replaced meanwhile.
func (s *Snapshot) Release() error {
	if s.holders.Add(-1) > 0 {
		return nil
	}
	var errs []error
	for _, m := range s.models {
		if err := m.release(); err != nil {
			errs = append(errs, fmt.Errorf("close model %s: %w", m.ID(), err))
		}
	}
	return errors.Join(errs...)
}

// Models returns the models by task. The slice must not be changed.
func (s *Snapshot) Models() []*Model { return s.models }

// Model returns the one that serves a task.
func (s *Snapshot) Model(task string) (*Model, bool) {
	for _, m := range s.models {
		if m.Task == task {
			return m, true
		}
	}
	return nil, false
}
