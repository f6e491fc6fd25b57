package redisstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

var prefixes atomic.Int64

// open opens a store that shares its server with others and its keys with none, unless o names the prefix.
func open(t testing.TB, o redisstore.Options) *redisstore.Driver {
	t.Helper()
	if o.Prefix == "" {
		o.Prefix = fmt.Sprintf("test%d:", prefixes.Add(1))
	}
	d, err := redisstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestConformance(t *testing.T) {
	server := redistest.Start(t)
	for _, shards := range []int{1, 32} {
		t.Run(fmt.Sprintf("%d shards", shards), func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) store.Driver {
				return open(t, redisstore.Options{URL: server.URL(), Shards: shards})
			})
		})
	}
}

func TestConformanceOfCluster(t *testing.T) {
	cluster := redistest.StartCluster(t)
	storetest.Run(t, func(t testing.TB) store.Driver {
		return open(t, redisstore.Options{URL: cluster.URL(), Shards: 32})
	})
}
