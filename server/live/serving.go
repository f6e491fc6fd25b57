package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/reason"
)

// Serving is the definitions and the models made for them. A request sees one Serving from start to end.
type Serving struct {
	features *features.FeatureSet
	registry *models.Registry
	states   sync.Pool // of *features.State
	book     atomic.Pointer[playbook.Playbook]
	reasons  atomic.Pointer[reason.Book] // for book
	scores   sync.Map                    // bundle id -> prometheus.Observer
}

// NewServing puts together definitions and a registry of models that were loaded with them. Whoever uses it owns the registry.
func NewServing(set *features.FeatureSet, registry *models.Registry) *Serving {
	s := &Serving{features: set, registry: registry}
	s.states.New = func() any { return set.NewState() }
	s.reasons.Store(reason.Compile(nil, set))
	return s
}

// Play has decisions made by a playbook that was compiled for the same definitions; nil: none are made.
func (s *Serving) Play(book *playbook.Playbook) {
	s.reasons.Store(reason.Compile(book, s.features))
	s.book.Store(book)
}

// Play is Serving.Play of what serves now.
func (e *Engine) Play(book *playbook.Playbook) { e.serving.Load().Play(book) }

// Playbook is what decisions are made by now; nil: none are made.
func (e *Engine) Playbook() *playbook.Playbook { return e.serving.Load().book.Load() }

// Vocabulary is what a playbook may name that is made for these definitions and models.
func (s *Serving) Vocabulary() playbook.Vocabulary {
	v := playbook.Vocabulary{Features: s.features, Tasks: playbook.StandardTasks()}
	snapshot := s.registry.Snapshot()
	for _, m := range snapshot.Models() {
		if !slices.Contains(v.Tasks, m.Task) {
			v.Tasks = append(v.Tasks, m.Task)
		}
	}
	_ = snapshot.Release() // closes only what was replaced meanwhile
	return v
}

// Vocabulary is Serving.Vocabulary of what serves now.
func (e *Engine) Vocabulary() playbook.Vocabulary {
	s, snapshot := e.acquire()
	defer e.release(snapshot)
	return s.Vocabulary()
}

// Close takes the models out of service; for a Serving that never came to serve.
func (s *Serving) Close() error { return s.registry.Close() }

// Use has requests from now on see s, and closes the models that served before once nobody uses them. It writes down first when each
// definition became active.
func (e *Engine) Use(ctx context.Context, s *Serving) error {
	if err := e.activate(ctx, s.features); err != nil {
		return err
	}
	if err := e.keepFeatures(ctx, s.features); err != nil {
		return err
	}
	if old := e.serving.Swap(s); old != nil {
		if err := old.registry.Close(); err != nil {
			e.log.Warn("a replaced model could not be closed", "error", err)
		}
	}
	return nil
}

// Close takes the models out of service.
func (e *Engine) Close() error {
	if s := e.serving.Load(); s != nil {
		return s.registry.Close()
	}
	return nil
}

// acquire returns what serves now; release the snapshot when the request is done.
func (e *Engine) acquire() (*Serving, *models.Snapshot) {
	for {
		s := e.serving.Load()
		snapshot := s.registry.Snapshot()
		// Replaced in between, its registry may already be closed, and then the snapshot is of nothing.
		if e.serving.Load() == s {
			return s, snapshot
		}
		e.release(snapshot)
	}
}

func (e *Engine) release(snapshot *models.Snapshot) {
	if err := snapshot.Release(); err != nil {
		e.log.Warn("a replaced model could not be closed", "error", err)
	}
}

// Features are the definitions that serve now.
func (e *Engine) Features() *features.FeatureSet { return e.serving.Load().features }

// Bundles lists the models that serve now, as in churn@3, those that read text last.
func (e *Engine) Bundles() []string {
	_, snapshot := e.acquire()
	defer e.release(snapshot)
	ids := make([]string, 0, len(snapshot.Models()))
	for _, m := range snapshot.Models() {
		ids = append(ids, m.ID())
	}
	for _, m := range snapshot.Texts() {
		ids = append(ids, m.ID())
	}
	return ids
}

// scoreHistogram is resolved once a bundle.
func (e *Engine) scoreHistogram(s *Serving, bundle string) prometheus.Observer {
	if o, ok := s.scores.Load(bundle); ok {
		return o.(prometheus.Observer)
	}
	o := e.metrics.Scores(bundle)
	s.scores.Store(bundle, o)
	return o
}

// activeKey is where the store keeps since when (Unix milliseconds) each feature definition, by its hash, has been folded.
const activeKey = "features.active"

// Used says whether any server ever served from the store.
func (e *Engine) Used(ctx context.Context) (bool, error) {
	active, err := e.store.Meta(ctx, activeKey)
	if err != nil {
		return false, fmt.Errorf("read when features became active: %w", err)
	}
	return active != nil, nil
}

// activate writes down the definitions that are new to the store. Who reads it can tell whether a state has seen a whole window.
func (e *Engine) activate(ctx context.Context, set *features.FeatureSet) error {
	for range maxAttempts {
		old, err := e.store.Meta(ctx, activeKey)
		if err != nil {
			return fmt.Errorf("read when features became active: %w", err)
		}
		active := map[string]int64{}
		if old != nil {
			if err := json.Unmarshal(old, &active); err != nil {
				return fmt.Errorf("read when features became active: %w", err)
			}
		}
		before := len(active)
		for _, f := range set.Features() {
			if _, ok := active[f.Hash]; !ok {
				active[f.Hash] = e.Now()
			}
		}
		if len(active) == before {
			return nil
		}
		value, err := json.Marshal(active)
		if err != nil {
			return fmt.Errorf("write when features became active: %w", err)
		}
		switch done, err := e.store.SetMeta(ctx, activeKey, old, value); {
		case err != nil:
			return fmt.Errorf("write when features became active: %w", err)
		case done:
			return nil
		}
	}
	return errors.New("write when features became active: other servers keep writing it too")
}
