package app

import (
	"context"
	"fmt"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source/sample"
)

// sampleKey says in the store how far the sample is: loading, so that a start that was broken off is made up for, or loaded.
const (
	sampleKey     = "sample"
	sampleLoading = "loading"
	sampleLoaded  = "loaded"
)

const sampleBatch = 500

// wantSample decides, before anything else is written to the store, whether the sample is to be folded in.
func (a *App) wantSample(ctx context.Context) (bool, error) {
	if !a.config.Sample {
		return false, nil
	}
	state, err := a.store.Meta(ctx, sampleKey)
	if err != nil {
		return false, fmt.Errorf("read whether the sample is loaded: %w", err)
	}
	if state != nil {
		return string(state) == sampleLoading, nil
	}
	used, err := a.engine.Used(ctx)
	if err != nil || used {
		return false, err
	}
	if _, err := a.store.SetMeta(ctx, sampleKey, nil, []byte(sampleLoading)); err != nil {
		return false, fmt.Errorf("write that the sample is being loaded: %w", err)
	}
	return true, nil
}

// loadSample folds the sample in. Its events have ids, so doing it twice does no harm.
func (a *App) loadSample(ctx context.Context, now time.Time) error {
	start := time.Now()
	events := make([]event.Event, 0, sampleBatch)
	total := 0
	flush := func() error {
		done := a.engine.Import(ctx, events)
		total += len(events)
		events = events[:0]
		if len(done.Failed) > 0 {
			return fmt.Errorf("load the sample: %w", done.Err)
		}
		return nil
	}
	for e, err := range sample.Events(now) {
		if err != nil {
			return err
		}
		if events = append(events, e); len(events) == cap(events) {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	// Another server may have done it at the same time; the events were counted once all the same.
	if _, err := a.store.SetMeta(ctx, sampleKey, []byte(sampleLoading), []byte(sampleLoaded)); err != nil {
		return fmt.Errorf("write that the sample is loaded: %w", err)
	}
	a.log.Info("loaded the sample", "customers", sample.Customers, "events", total, "took", time.Since(start))
	return nil
}

// hasSample says whether the store holds the sample's customers.
func (a *App) hasSample(ctx context.Context) (bool, error) {
	state, err := a.store.Meta(ctx, sampleKey)
	if err != nil {
		return false, fmt.Errorf("read whether the sample is loaded: %w", err)
	}
	return string(state) == sampleLoaded, nil
}
