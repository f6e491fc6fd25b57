package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
)

const (
	benchCustomers = 20_000
	benchBatch     = 80 // the customers of one request with a hundred events
)

// Bench measures a driver under a Store, with 20,000 customers whose states differ in content and size (200 to 1,200 bytes) and
// records of 300 bytes. Every answer is checked.
func Bench(b *testing.B, open Open) {
	d := open(b)
	s := store.New(keepOpen{d})
	b.Cleanup(func() { _ = s.Close() })
	ids := make([]string, benchCustomers)
	versions := make([]atomic.Uint64, benchCustomers)
	for i := range ids {
		ids[i] = fmt.Sprintf("customer-%d", i)
	}
	for from := 0; from < benchCustomers; from += 2000 {
		if err := benchCommit(b.Context(), s, ids, versions, from, 2000); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("load/one", func(b *testing.B) { benchLoad(b, s, ids, 1) })
	b.Run("load/batch", func(b *testing.B) { benchLoad(b, s, ids, benchBatch) })
	// Each writer has a share of the customers, so that nothing conflicts.
	for _, writers := range []int{1, 16} {
		for _, size := range []int{1, benchBatch} {
			b.Run(fmt.Sprintf("commit/writers=%d/changes=%d", writers, size), func(b *testing.B) {
				benchWriters(b, s, ids, versions, writers, size)
			})
		}
	}
}

// benchStates are made once, so that making them is not what is measured.
var benchStates = sync.OnceValue(func() [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	states := make([][]byte, 1009)
	for i := range states {
		states[i] = make([]byte, 200+random.IntN(1000))
		for k := range states[i] {
			states[i][k] = byte(random.Uint32N(32)) // compresses, as states do
		}
	}
	return states
})

func benchCommit(ctx context.Context, s *store.Store, ids []string, versions []atomic.Uint64, from, n int) error {
	states, changes := benchStates(), make([]store.Change, n)
	for k := range changes {
		i := from + k
		version := versions[i].Load()
		state := states[(uint64(i)+version)%uint64(len(states))]
		record := store.Record{Kind: store.RecordEvent, Data: append(state[:100:100], state[:200]...)}
		changes[k] = store.Change{ID: ids[i], Expect: version, State: state, Records: []store.Record{record}}
	}
	outcomes := make([]error, n)
	if err := s.Commit(ctx, changes, outcomes); err != nil {
		return err
	}
	for k := range changes {
		versions[from+k].Add(1)
	}
	return errors.Join(outcomes...)
}

func benchLoad(b *testing.B, s *store.Store, ids []string, n int) {
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		at = (at + 7919) % (benchCustomers - n)
		snapshots, err := s.Load(b.Context(), ids[at:at+n])
		if err != nil {
			b.Fatal(err)
		}
		for _, one := range snapshots {
			if one.Version == 0 {
				b.Fatal("a customer is not there")
			}
		}
	}
	perChange(b, b.N*n)
}

func benchWriters(b *testing.B, s *store.Store, ids []string, versions []atomic.Uint64, writers, size int) {
	b.ReportAllocs()
	share := benchCustomers / writers
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for k := 0; left.Add(-1) >= 0; k++ {
				from := w*share + (k*size)%(share-size)
				if err := benchCommit(b.Context(), s, ids, versions, from, size); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	perChange(b, b.N*size)
}

func perChange(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/customer")
}
