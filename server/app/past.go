package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/why"
)

// pasts looks into past decisions: with the playbooks that the store keeps, and the bundles that lie in their folder. It implements
// live.Keeper and httpapi.Pasts.
type pasts struct {
	engine *live.Engine
	shelf  *shelf
	loader *loader
	one    sync.Mutex // held while a decision is made again: that is for people who look at one, and may load models
}

// newPasts has a loader of its own, so that looking back and reloading are in nobody's way.
func (a *App) newPasts() *pasts {
	return &pasts{engine: a.engine, shelf: a.playbooks.shelf, loader: &loader{config: a.config, log: a.log}}
}

// Why implements httpapi.Pasts.
func (p *pasts) Why(ctx context.Context, id string) (*why.Report, error) {
	p.one.Lock()
	defer p.one.Unlock()
	return p.engine.Why(ctx, id, p)
}

// Playbook implements live.Keeper.
func (p *pasts) Playbook(ctx context.Context, revision string, v playbook.Vocabulary) (*playbook.Playbook, error) {
	k, err := p.shelf.text(ctx, revision)
	if err != nil {
		return nil, err
	}
	book, err := playbook.Parse([]byte(k.Text), v)
	if err != nil {
		return nil, fmt.Errorf("the playbook %s does not fit any more:\n%w", revision, err)
	}
	return book, nil
}

// Model implements live.Keeper.
func (p *pasts) Model(ctx context.Context, id string, set *features.FeatureSet) (*models.Model, error) {
	found, err := p.loader.start()
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("the bundle %s %w", id, live.ErrNotKept)
	}
	all, err := bundle.Discover(p.loader.folder())
	if err != nil {
		return nil, err
	}
	for _, at := range all {
		if fmt.Sprintf("%s@%d", at.Name, at.Version) != id {
			continue
		}
		folder, err := fs.Sub(p.loader.folder(), at.Path)
		if err != nil {
			return nil, err
		}
		return models.Load(ctx, folder, set, p.loader.runtime)
	}
	return nil, fmt.Errorf("the bundle %s %w: its folder is gone", id, live.ErrNotKept)
}

// Why looks into a past decision in the store of the settings, which no server may have open if it is a folder.
func Why(ctx context.Context, c config.Config, id string) (report *why.Report, err error) {
	driver, err := OpenDriver(ctx, &c)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", config.HidePassword(c.Store), err)
	}
	opened := store.New(driver)
	engine := live.New(live.Options{
		Store: opened, Metrics: metrics.New(prometheus.NewRegistry()), Log: slog.Default(), Now: time.Now, Deadline: c.Deadline, MaxLate: c.MaxInFlight,
	})
	defer func() { err = errors.Join(err, engine.Wait(ctx), opened.Close()) }()
	p := &pasts{engine: engine, shelf: &shelf{meta: opened}, loader: &loader{config: c, log: slog.Default()}}
	return p.Why(ctx, id)
}
