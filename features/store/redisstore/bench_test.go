package redisstore_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	server := redistest.Start(b)
	storetest.Bench(b, func(b testing.TB) store.Driver { return open(b, redisstore.Options{URL: server.URL()}) })
}

// BenchmarkIdle is a look at all shards when there is nothing to find: no entry that is new, no timer that is due.
func BenchmarkIdle(b *testing.B) {
	server := redistest.Start(b)
	for _, shards := range []int{1, 256, 1024} {
		s := store.New(open(b, redisstore.Options{URL: server.URL(), Shards: shards, Prefix: strconv.Itoa(shards) + ":"}))
		cursors := make([]string, shards)
		b.Run(fmt.Sprintf("journals/shards=%d", shards), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				err := s.ReadJournals(b.Context(), cursors, 8, func(shard int, _ []store.Entry) error { return fmt.Errorf("shard %d is not empty", shard) })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("timers/shards=%d", shards), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if due, err := s.DueShards(b.Context(), time.Now()); err != nil || len(due) > 0 {
					b.Fatalf("shards %v are due, %v", due, err)
				}
			}
		})
	}
}
