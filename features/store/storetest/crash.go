package storetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
)

const crashWriters = 16

// WriteUntil has 16 writers commit to a store, each to a customer of its own, until a commit fails or ctx is done, and calls ack
// after every commit that was acknowledged, from one goroutine at a time. It is one half of a test of durability: crash what
// keeps the data meanwhile, open it again, and give the acknowledged versions to CheckAcknowledged.
func WriteUntil(ctx context.Context, d store.Driver, ack func(id string, version uint64)) {
	s := store.New(keepOpen{d})
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range crashWriters {
		wg.Go(func() {
			id := fmt.Sprintf("writer-%d", w)
			snapshots, err := s.Load(ctx, []string{id})
			if err != nil {
				return
			}
			for version := snapshots[0].Version; ctx.Err() == nil; version++ {
				state := bytes.Repeat([]byte{'.'}, int(version)+1)
				change := store.Change{ID: id, Expect: version, State: state, Records: []store.Record{event(".")}}
				outcomes := make([]error, 1)
				if err := s.Commit(ctx, []store.Change{change}, outcomes); err != nil || outcomes[0] != nil {
					return
				}
				mu.Lock()
				ack(id, version+1)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	_ = s.Close() // the driver stays open
}

// CheckAcknowledged checks that a store which was opened again has every acknowledged version, and that each state is what its
// journal makes of it.
func CheckAcknowledged(t testing.TB, d store.Driver, acknowledged map[string]uint64) {
	t.Helper()
	if len(acknowledged) == 0 {
		t.Fatal("nothing was acknowledged before the crash")
	}
	for id, version := range acknowledged {
		if got := load(t, d, id); got.Version < version || uint64(len(got.State)) != got.Version {
			t.Errorf("%s: version %d was acknowledged, version %d with %d writes is left", id, version, got.Version, len(got.State))
		}
		checkJournal(t, d, id)
	}
}
