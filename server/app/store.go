package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/features/store/pebblestore"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/server/config"
)

const (
	memoryShards = 64
	trimEvery    = time.Minute
)

// OpenDriver opens the configured store.
func OpenDriver(ctx context.Context, c *config.Config) (store.Driver, error) {
	scheme, rest, _ := strings.Cut(c.Store, ":")
	switch scheme {
	case "memory":
		shards := c.Shards
		if shards == 0 {
			shards = memoryShards
		}
		return memory.New(shards), nil
	case "pebble":
		return pebblestore.Open(strings.TrimPrefix(rest, "//"))
	default:
		return redisstore.Open(ctx, redisstore.Options{URL: c.Store, Shards: c.Shards, CustomerTTL: c.TTL, LinkTTL: c.LinkTTL})
	}
}

func (a *App) openStore(ctx context.Context, driver store.Driver) (err error) {
	if driver == nil {
		if driver, err = OpenDriver(ctx, &a.config); err != nil {
			return fmt.Errorf("open store %s: %w", config.HidePassword(a.config.Store), err)
		}
	}
	a.store = store.New(driver, store.OnFlush(a.metrics.Flushed))
	a.cleanup.push("store", func(context.Context) error { return a.store.Close() })
	return nil
}

// startTrimming keeps the journal within its bound until the App is closed.
func (a *App) startTrimming(now func() time.Time) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.trim(ctx, now)
	}()
	a.cleanup.push("journal trimming", func(context.Context) error {
		stop()
		<-done
		return nil
	})
}

func (a *App) trim(ctx context.Context, now func() time.Time) {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		removed, err := a.store.TrimAll(ctx, store.Trim{Keep: a.config.JournalKeep})
		if ctx.Err() != nil {
			return
		}
		a.metrics.Trimmed(removed, err, now())
		if err != nil {
			a.log.Warn("the journal cannot be trimmed", "error", err, "again_in", trimEvery)
		}
	}
}
