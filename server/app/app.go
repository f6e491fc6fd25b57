// Package app puts the server together: it is the only place that knows all the others. An App is opened, runs, and is closed again; a
// test does it on a port of its own.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/archive"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/delivery"
	"github.com/halfstep-ml/halfstep/server/httpapi"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

// Options are what an App does not make itself.
type Options struct {
	Config  config.Config
	Log     *slog.Logger
	Version httpapi.Version
	// Driver is the store to use instead of the configured one. The App closes it.
	Driver store.Driver
	// Now is the clock of customers; time.Now when nil.
	Now func() time.Time
}

// App is a server.
type App struct {
	config    config.Config
	log       *slog.Logger
	metrics   *metrics.Metrics
	store     *store.Store
	archive   *archive.Archive // nil when there is none
	engine    *live.Engine
	delivery  *delivery.Delivery
	playbooks *playbooks
	loader    *loader
	server    *http.Server
	listen    net.Listener
	sampled   bool // the store holds the sample

	stopping atomic.Bool
	work     sync.WaitGroup // background loops
	cleanup  cleanup
}

// Open opens everything and listens. What is wrong comes out here. Close must be called when there is no error.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &App{config: o.Config, log: o.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.cleanup.run(context.WithoutCancel(ctx), a.log))
		}
	}()
	keys, err := o.Config.Keys()
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	a.loader = &loader{config: o.Config, log: o.Log}
	a.metrics = metrics.New(registry)
	if err := a.openStore(ctx, o.Driver); err != nil {
		return nil, err
	}
	if err := a.openArchive(); err != nil {
		return nil, err
	}
	a.engine = live.New(live.Options{
		Store: a.store, Metrics: a.metrics, Log: o.Log, Now: o.Now, Deadline: o.Config.Deadline, MaxLate: 4 * o.Config.MaxInFlight,
	})
	if a.archive != nil {
		a.engine.AlsoScrub(a.archive)
	}
	if err := a.openDelivery(o.Now); err != nil {
		return nil, err
	}
	a.cleanup.push("models", func(context.Context) error { return a.engine.Close() })
	a.cleanup.push("late commands", a.engine.Wait)
	a.playbooks = a.newPlaybooks()
	if err := a.serveFirst(ctx, o.Now()); err != nil {
		return nil, err
	}
	a.background("playbook", a.playbooks.follow)
	a.startJournalKeeping(o.Now)
	a.background("timers", a.engine.RunTimers)
	o.Version.ORT = a.loader.ortVersion()
	a.metrics.Built(o.Version.Version, o.Version.Revision, o.Version.ORT)
	api := httpapi.New(httpapi.Options{
		Engine: a.engine, Deliveries: a.delivery, Playbooks: a.playbooks, Pasts: a.newPasts(), Reports: a.openLedger(o.Now), Metrics: a.metrics, Log: o.Log, Ready: a.ready,
		Version: o.Version, Keys: keys,
		Scrape:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn)}),
		MaxBody: o.Config.MaxBody, MaxInFlight: o.Config.MaxInFlight, StoreTimeout: o.Config.StoreTimeout,
	})
	return a, a.listenOn(api)
}

func (a *App) listenOn(handler http.Handler) (err error) {
	c := &a.config
	if a.listen, err = net.Listen("tcp", c.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	a.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: c.ReadTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout, IdleTimeout: c.IdleTimeout,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	a.server.RegisterOnShutdown(a.delivery.EndStreams)
	a.cleanup.push("http", a.stopServing)
	return nil
}

// background runs a loop until the App is closed.
func (a *App) background(name string, loop func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		loop(ctx)
	}()
	a.cleanup.push(name, func(context.Context) error {
		stop()
		<-done
		return nil
	})
}

// Addr is where the server listens.
func (a *App) Addr() string { return a.listen.Addr().String() }

// Run serves until ctx is done, and then closes the App: it finishes what it took, as long as stop_timeout allows.
func (a *App) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	a.work.Go(func() { failed <- a.server.Serve(a.listen) })
	a.log.Info("serving", "address", a.Addr(), "store", config.HidePassword(a.config.Store), "features", a.engine.Features().Revision(), "bundles", a.engine.Bundles())
	var err error
	select {
	case <-ctx.Done():
		a.log.Info("stopping", "for_at_most", a.config.StopTimeout)
	case err = <-failed:
	}
	return errors.Join(err, a.Close())
}

// Close stops what Open started, the last first.
func (a *App) Close() error {
	a.stopping.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), a.config.StopTimeout)
	defer cancel()
	return a.cleanup.run(ctx, a.log)
}

// stopServing answers the requests under way, then breaks the connections that are left.
func (a *App) stopServing(ctx context.Context) error {
	err := a.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("some requests were broken off: %w", err), a.server.Close())
	}
	_ = a.listen.Close() // closed already, unless Run was never called
	a.work.Wait()
	return err
}

// ready says why the server cannot answer.
func (a *App) ready(ctx context.Context) error {
	if a.stopping.Load() {
		return errors.New("the server is stopping")
	}
	if err := a.store.Ping(ctx); err != nil {
		a.log.Debug("store does not answer", "error", err)
		return errors.New("the store does not answer")
	}
	return nil
}
