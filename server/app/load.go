package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/bundles"
	"github.com/halfstep-ml/halfstep/models/ort"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/live"
)

// loader makes what serves: the definitions, and the models for them.
type loader struct {
	config  config.Config
	log     *slog.Logger
	runtime *ort.Runtime // nil until there is a model to run
}

// load reads everything and checks it whole; nothing serves yet.
func (l *loader) load(ctx context.Context) (*live.Serving, error) {
	set, err := LoadFeatures(l.config.Features)
	if err != nil {
		return nil, err
	}
	loaded, err := l.models(ctx, set)
	if err != nil {
		return nil, err
	}
	registry := models.NewRegistry()
	if err := registry.Swap(loaded...); err != nil {
		return nil, errors.Join(err, closeAll(loaded))
	}
	if err := l.texts(ctx, registry); err != nil {
		return nil, errors.Join(err, registry.Close())
	}
	return live.NewServing(set, registry), nil
}

// texts has the bundles that read text serve.
func (l *loader) texts(ctx context.Context, registry *models.Registry) error {
	if l.runtime == nil { // there are no bundles
		return nil
	}
	loaded, err := models.LoadTexts(ctx, l.folder(), l.runtime)
	if err != nil {
		return err
	}
	if err := registry.SwapTexts(loaded...); err != nil {
		return errors.Join(err, closeAll(loaded))
	}
	return nil
}

func closeAll[M io.Closer](loaded []M) error {
	var errs []error
	for _, m := range loaded {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// LoadFeatures reads a features file, or the one that ships when path is empty.
func LoadFeatures(path string) (*features.FeatureSet, error) {
	if path == "" {
		return features.Default(), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read features: %w", err)
	}
	set, err := features.Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", path, err)
	}
	return set, nil
}

func (l *loader) models(ctx context.Context, set *features.FeatureSet) ([]*models.Model, error) {
	found, err := l.start()
	if err != nil {
		return nil, err
	}
	if !found {
		l.log.Warn("there are no bundles: scores will have no predictions", "bundles", l.config.Bundles)
		return nil, nil
	}
	return models.LoadAll(ctx, l.folder(), set, l.runtime)
}

func (l *loader) folder() fs.FS {
	if l.config.Bundles == "" {
		return bundles.FS()
	}
	return os.DirFS(l.config.Bundles)
}

// start starts the runtime, unless there is nothing to run.
func (l *loader) start() (found bool, err error) {
	all, err := bundle.Discover(l.folder())
	if err == nil && len(all) > 0 && l.runtime == nil {
		l.runtime, err = ort.Start(ort.Options{Library: l.config.Library})
	}
	return len(all) > 0, err
}

func (l *loader) ortVersion() string {
	if l.runtime == nil {
		return ""
	}
	return l.runtime.Version()
}

// serveFirst has the first definitions and models serve, and folds in the sample when the store is new.
func (a *App) serveFirst(ctx context.Context, now time.Time) error {
	serving, err := a.loader.load(ctx)
	if err != nil {
		return err
	}
	wanted, err := a.wantSample(ctx)
	if err != nil {
		return errors.Join(err, serving.Close())
	}
	if err := a.use(ctx, serving); err != nil {
		return errors.Join(err, serving.Close())
	}
	if wanted {
		err = a.loadSample(ctx, now)
	}
	if err == nil {
		a.sampled, err = a.hasSample(ctx)
	}
	return err
}

// use has definitions and models serve, and the playbook with them, provided that it fits.
func (a *App) use(ctx context.Context, serving *live.Serving) error {
	return a.playbooks.use(ctx, serving, func() error { return a.engine.Use(ctx, serving) })
}

// Reload reads features, bundles and the playbook again. When anything is wrong with features or bundles, or the playbook does not fit
// them, the old ones keep serving; when something is wrong with the playbook alone, the old one does.
func (a *App) Reload(ctx context.Context) error {
	serving, err := a.loader.load(ctx)
	if err == nil {
		if err = a.use(ctx, serving); err != nil {
			err = errors.Join(err, serving.Close())
		}
	}
	a.metrics.Reloaded(err)
	if err != nil {
		a.log.Error("reload failed, the old features and bundles keep serving", "error", err)
		return err
	}
	a.log.Info("reloaded", "features", a.engine.Features().Revision(), "bundles", a.engine.Bundles())
	return nil
}
