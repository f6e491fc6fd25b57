package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

// OpenEngine opens the store of the settings for folding events into it: messages are read, nothing is served. Done closes it.
func OpenEngine(ctx context.Context, c config.Config) (engine *live.Engine, done func() error, err error) {
	set, err := LoadFeatures(c.Features)
	if err != nil {
		return nil, nil, err
	}
	driver, err := OpenDriver(ctx, &c)
	if err != nil {
		return nil, nil, fmt.Errorf("open store %s: %w", config.HidePassword(c.Store), err)
	}
	opened := store.New(driver)
	engine = live.New(live.Options{
		Store: opened, Metrics: metrics.New(prometheus.NewRegistry()), Log: slog.Default(),
		Now: time.Now, Deadline: c.Deadline, MaxLate: c.MaxInFlight,
	})
	registry := models.NewRegistry()
	l := loader{config: c, log: slog.Default()}
	if _, err = l.start(); err == nil {
		err = l.texts(ctx, registry)
	}
	if err == nil {
		err = engine.Use(ctx, live.NewServing(set, registry))
	}
	if err != nil {
		return nil, nil, errors.Join(err, registry.Close(), opened.Close())
	}
	done = func() error {
		waiting, stop := context.WithTimeout(context.Background(), c.StopTimeout)
		defer stop()
		return errors.Join(engine.Wait(waiting), engine.Close(), opened.Close())
	}
	return engine, done, nil
}
