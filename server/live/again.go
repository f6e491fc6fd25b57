package live

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/why"
)

// ErrNotKept is about something that a past decision was made by.
var ErrNotKept = errors.New("that the decision was made by is not kept")

// Keeper has what served once. Its errors wrap ErrNotKept for what it does not have.
type Keeper interface {
	// Playbook compiles a revision.
	Playbook(ctx context.Context, revision string, v playbook.Vocabulary) (*playbook.Playbook, error)
	// Model loads a model by its id, as in churn@3; whoever asks closes it.
	Model(ctx context.Context, id string, set *features.FeatureSet) (*models.Model, error)
}

// Why makes a past decision again by what served then, and says whether it comes out the same. The error is ErrNoDecision,
// ErrNothingDecided, wraps ErrNotKept, or is about the store or the record. Nothing needs to serve.
func (e *Engine) Why(ctx context.Context, id string, from Keeper) (*why.Report, error) {
	record, found, err := e.Decision(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("find the decision: %w", err)
	}
	if !found {
		return nil, ErrNoDecision
	}
	r, err := readPast(record)
	if err != nil {
		return nil, err
	}
	t := then{engine: e, from: from}
	defer t.close()
	with, err := t.gather(ctx, r)
	if err != nil {
		return nil, err
	}
	again, err := Rederive(ctx, record, with)
	if err != nil {
		return nil, err
	}
	return why.Compare(record, again)
}

// then gathers what served, from what still serves where that is the same.
type then struct {
	engine   *Engine
	from     Keeper
	serving  *Serving         // nil: nothing serves
	snapshot *models.Snapshot // of serving
	loaded   []*models.Model
}

func (t *then) gather(ctx context.Context, r *past) (with Past, err error) {
	if t.engine.serving.Load() != nil {
		t.serving, t.snapshot = t.engine.acquire()
	}
	if t.serving != nil && t.serving.features.Revision() == r.Revisions.Features {
		with.Features = t.serving.features
	} else if with.Features, err = t.engine.kept(ctx, r.Revisions.Features); err != nil {
		return Past{}, err
	}
	if with.Playbook, err = t.playbook(ctx, r, with.Features); err != nil {
		return Past{}, err
	}
	for task, p := range r.Predictions {
		if slices.Contains(r.Failed, task) {
			continue
		}
		m, err := t.model(ctx, p.Model, with.Features)
		if err != nil {
			return Past{}, err
		}
		with.Models = append(with.Models, m)
	}
	return with, nil
}

func (t *then) playbook(ctx context.Context, r *past, set *features.FeatureSet) (*playbook.Playbook, error) {
	v := playbook.Vocabulary{Features: set, Tasks: playbook.StandardTasks()}
	if t.serving != nil {
		if book := t.serving.book.Load(); book != nil && book.Revision == r.Revisions.Playbook && set == t.serving.features {
			return book, nil
		}
		v.Tasks = t.serving.Vocabulary().Tasks
	}
	for task := range r.Predictions {
		if !slices.Contains(v.Tasks, task) {
			v.Tasks = append(v.Tasks, task)
		}
	}
	return t.from.Playbook(ctx, r.Revisions.Playbook, v)
}

func (t *then) model(ctx context.Context, id string, set *features.FeatureSet) (*models.Model, error) {
	if t.serving != nil && set == t.serving.features {
		for _, m := range t.snapshot.Models() {
			if m.ID() == id {
				return m, nil
			}
		}
	}
	m, err := t.from.Model(ctx, id, set)
	if err == nil {
		t.loaded = append(t.loaded, m)
	}
	return m, err
}

func (t *then) close() {
	for _, m := range t.loaded {
		if err := m.Close(); err != nil {
			t.engine.complain("a model of the past could not be closed", err)
		}
	}
	if t.snapshot != nil {
		t.engine.release(t.snapshot)
	}
}
