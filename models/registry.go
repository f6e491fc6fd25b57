package models

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Registry holds the models that serve, one a task, and likewise those that read text. What serves changes in one step: a request takes
// a Snapshot and sees the same models from start to end, and a model that was replaced is closed when the last request that saw it is
// done.
type Registry struct {
	mu      sync.Mutex // orders swaps; requests never take it
	current atomic.Pointer[Snapshot]
}

// Snapshot is the models that served when it was taken. Release it when the request is done.
type Snapshot struct {
	models  []*Model     // by task
	texts   []*TextModel // by task
	holders holders
}

// holders counts who needs something to stay: the snapshots that a model is in, the requests that see a snapshot.
type holders struct{ n atomic.Int64 }

// retain fails when nobody is left.
func (h *holders) retain() bool {
	for {
		n := h.n.Load()
		if n == 0 {
			return false
		}
		if h.n.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave says whether that was the last.
func (h *holders) leave() bool { return h.n.Add(-1) == 0 }

// NewRegistry returns a registry in which nothing serves yet.
func NewRegistry() *Registry {
	r := &Registry{}
	r.current.Store(newSnapshot(nil, nil))
	return r
}

// newSnapshot starts with one holder, the registry.
func newSnapshot(models []*Model, texts []*TextModel) *Snapshot {
	s := &Snapshot{models: models, texts: texts}
	s.holders.n.Store(1)
	for _, m := range models {
		m.holders.n.Add(1)
	}
	for _, m := range texts {
		m.holders.n.Add(1)
	}
	return s
}

// Snapshot returns the models that serve now.
func (r *Registry) Snapshot() *Snapshot {
	for {
		// A snapshot whose last holder has just left is gone, and then another one is already in its place.
		if s := r.current.Load(); s.holders.retain() {
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
	old := r.current.Load()
	next, err := replace(old.models, models)
	if err != nil {
		return err
	}
	r.current.Store(newSnapshot(next, old.texts))
	return old.Release()
}

// SwapTexts is Swap for models that read text.
func (r *Registry) SwapTexts(texts ...*TextModel) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.current.Load()
	next, err := replace(old.texts, texts)
	if err != nil {
		return err
	}
	r.current.Store(newSnapshot(old.models, next))
	return old.Release()
}

// tasked is a model of either kind.
type tasked interface {
	ID() string
	task() string
}

// replace returns the models that serve once others have come: those, and the old ones of other tasks, by task.
func replace[M tasked](old, with []M) ([]M, error) {
	for i, m := range with {
		if j := slices.IndexFunc(with[:i], func(other M) bool { return other.task() == m.task() }); j >= 0 {
			return nil, fmt.Errorf("two models for the task %s: %s and %s", m.task(), with[j].ID(), m.ID())
		}
	}
	next := slices.Clone(with)
	for _, m := range old {
		if !slices.ContainsFunc(with, func(other M) bool { return other.task() == m.task() }) {
			next = append(next, m)
		}
	}
	slices.SortFunc(next, func(a, b M) int { return cmp.Compare(a.task(), b.task()) })
	return next, nil
}

func (m *Model) task() string     { return m.Task }
func (m *TextModel) task() string { return m.Task }

// Close takes all models out of service. Those in use are closed by the last Release.
func (r *Registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.Swap(newSnapshot(nil, nil)).Release()
}

// Release gives the snapshot back; it must not be used afterwards. The error is about closing a model that was replaced meanwhile.
func (s *Snapshot) Release() error {
	if !s.holders.leave() {
		return nil
	}
	var errs []error
	for _, m := range s.models {
		if m.holders.leave() {
			errs = append(errs, closing(m.ID(), m.session.Close()))
		}
	}
	for _, m := range s.texts {
		if m.holders.leave() {
			errs = append(errs, closing(m.ID(), m.session.Close()))
		}
	}
	return errors.Join(errs...)
}

func closing(id string, err error) error {
	if err != nil {
		return fmt.Errorf("close model %s: %w", id, err)
	}
	return nil
}

// Models returns the models by task. The slice must not be changed.
func (s *Snapshot) Models() []*Model { return s.models }

// Texts returns the models that read text, by task. The slice must not be changed.
func (s *Snapshot) Texts() []*TextModel { return s.texts }

// Model returns the one that serves a task.
func (s *Snapshot) Model(task string) (*Model, bool) {
	for _, m := range s.models {
		if m.Task == task {
			return m, true
		}
	}
	return nil, false
}
