package ledger_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store/memory"
)

// BenchmarkIdle is a look at journals in which nothing is new; it happens three times a second.
func BenchmarkIdle(b *testing.B) {
	for _, shards := range []int{1, 1024} {
		b.Run(fmt.Sprint(shards), func(b *testing.B) {
			s := serve(b, memory.New(shards), &atomic.Int64{}, couponsWith(learning, "0"))
			s.step()
			b.ReportAllocs()
			for b.Loop() {
				s.step()
			}
		})
	}
}

// BenchmarkStart reads a journal of 3,000 decisions, each with an event and an outcome, and learns from them.
func BenchmarkStart(b *testing.B) {
	driver, clock := memory.New(64), &atomic.Int64{}
	serve(b, driver, clock, couponsWith(learning, "0")).teach("c", "warm", "", 3000)
	entries := 0
	for shard := range driver.Shards() {
		page, err := driver.ReadJournal(b.Context(), shard, "", 1<<20)
		require.NoError(b, err)
		entries += len(page)
	}
	for b.Loop() {
		b.StopTimer()
		_, err := driver.SetMeta(b.Context(), "ledger.checkpoint", must(driver.Meta(b.Context(), "ledger.checkpoint")), []byte("none"))
		require.NoError(b, err)
		s := serve(b, driver, clock, couponsWith(learning, "0"))
		b.StartTimer()
		s.step()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*entries), "ns/entry")
}

func must(value []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return value
}
