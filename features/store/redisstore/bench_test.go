package redisstore_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	server := redistest.Start(b)
	storetest.Bench(b, func(b testing.TB) store.Driver { return open(b, redisstore.Options{URL: server.URL()}) })
}

// BenchmarkIdle is a look at journals in which nothing is new.
func BenchmarkIdle(b *testing.B) {
	server := redistest.Start(b)
	for _, shards := range []int{1, 256, 1024} {
		b.Run(strconv.Itoa(shards), func(b *testing.B) {
			s := store.New(open(b, redisstore.Options{URL: server.URL(), Shards: shards, Prefix: strconv.Itoa(shards) + ":"}))
			cursors := make([]string, shards)
			b.ReportAllocs()
			for b.Loop() {
				err := s.ReadJournals(b.Context(), cursors, 8, func(shard int, _ []store.Entry) error { return fmt.Errorf("shard %d is not empty", shard) })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
