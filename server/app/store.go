package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/features/store/pebblestore"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/server/config"
)

const memoryShards = 64

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
