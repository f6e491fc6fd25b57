package live

import (
	"context"
	"fmt"

	"github.com/halfstep-ml/halfstep/features"
)

// featuresKey is where the store keeps the definitions of a revision that ever served: past decisions are looked into with them.
func featuresKey(revision string) string { return "features." + revision }

func (e *Engine) keepFeatures(ctx context.Context, set *features.FeatureSet) error {
	// A revision that is kept already computes the same, however it is laid out.
	if _, err := e.store.SetMeta(ctx, featuresKey(set.Revision()), nil, set.Source()); err != nil {
		return fmt.Errorf("keep the features: %w", err)
	}
	return nil
}

// kept are the definitions of a revision.
func (e *Engine) kept(ctx context.Context, revision string) (*features.FeatureSet, error) {
	source, err := e.store.Meta(ctx, featuresKey(revision))
	if err != nil {
		return nil, fmt.Errorf("read the features %s: %w", revision, err)
	}
	if source == nil {
		return nil, fmt.Errorf("the features %s %w", revision, ErrNotKept)
	}
	set, err := features.Load(source)
	if err != nil {
		return nil, fmt.Errorf("read the features %s: %w", revision, err)
	}
	return set, nil
}
