package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

func checkNothingLeft(t *testing.T, d store.Driver, id string, links ...string) {
	t.Helper()
	for _, l := range links {
		if who, _, ok, err := d.Link(t.Context(), store.ShardOf(id, d.Shards()), l); ok || err != nil {
			t.Errorf("link %s of the erased customer leads to %q, %v", l, who, err)
		}
	}
	for _, timer := range claimAll(t, d, instant.Add(24*time.Hour)) {
		if timer.Customer == id {
			t.Errorf("timer %s of the erased customer is left", timer.Name)
		}
	}
}

func testErase(t *testing.T, d store.Driver) {
	ids := neighbours(d, 2)
	for _, id := range ids {
		full := write(id, 0, "secret")
		full.Timers = []store.TimerChange{{Name: "x", Due: instant}, {Name: "y", Due: instant.Add(time.Hour)}}
		full.Links = []string{"link 1 of " + id, "link 2 of " + id}
		must(t, d, full)
	}
	if got := claimAll(t, d, instant); len(got) != 2 {
		t.Fatalf("claimed %+v", got)
	}
	stale := commit(t, d, store.Change{ID: ids[0], Expect: 0, Erase: true})
	if !errors.Is(stale[0], store.ErrConflict) {
		t.Errorf("erasing a version that is gone: %v", stale[0])
	}
	must(t, d, store.Change{ID: ids[0], Expect: 1, Erase: true, Tombstone: []byte("opted out\x00")})

	got := load(t, d, ids[0])
	if got.State != nil || string(got.Tombstone) != "opted out\x00" || got.Version != 2 {
		t.Errorf("an erased customer loads as %+v", got)
	}
	checkNothingLeft(t, d, ids[0], "link 1 of "+ids[0], "link 2 of "+ids[0])
	if who, _, ok, err := d.Link(t.Context(), store.ShardOf(ids[1], d.Shards()), "link 1 of "+ids[1]); who != ids[1] || !ok || err != nil {
		t.Errorf("the link of another customer leads to %q, %v, %v", who, ok, err)
	}
	// What was folded before the erasure must not come back after it.
	for _, expect := range []uint64{0, 1} {
		if late := commit(t, d, write(ids[0], expect, "secret")); !errors.Is(late[0], store.ErrConflict) {
			t.Errorf("a change made from version %d, before the erasure: %v", expect, late[0])
		}
	}
	must(t, d, write(ids[0], 2, "new life"))
	if got = load(t, d, ids[0]); string(got.State) != "new life" || got.Tombstone != nil || got.Version != 3 {
		t.Errorf("known again, the customer loads as %+v", got)
	}
	must(t, d, store.Change{ID: "never seen", Erase: true, Tombstone: []byte("t")})
	if got = load(t, d, "never seen"); string(got.Tombstone) != "t" {
		t.Errorf("erased before being seen, the customer loads as %+v", got)
	}
}

func testEraseInOneCommit(t *testing.T, d store.Driver) {
	must(t, d, timers("a", 0, store.TimerChange{Name: "old", Due: instant}, store.TimerChange{Name: "moved", Due: instant}))
	made := timers("a", 1, store.TimerChange{Name: "new", Due: instant}, store.TimerChange{Name: "moved", Due: instant.Add(time.Hour)})
	made.Links = []string{"made"}
	must(t, d, made, store.Change{ID: "a", Expect: 2, Erase: true, Tombstone: []byte("t")})
	checkNothingLeft(t, d, "a", "made")
	if got := load(t, d, "a"); got.State != nil || got.Tombstone == nil {
		t.Errorf("loads as %+v", got)
	}
	again := timers("a", 3, store.TimerChange{Name: "old", Due: instant})
	must(t, d, again, store.Change{ID: "a", Expect: 4, Erase: true}, timers("a", 5, store.TimerChange{Name: "last", Due: instant}))
	if got := names(t, d, "a", instant.Add(time.Hour)); got != "[last]" {
		t.Errorf("%s are due, expected last alone", got)
	}
}

func testMeta(t *testing.T, d store.Driver) {
	ctx := t.Context()
	set := func(old, value []byte) bool {
		t.Helper()
		done, err := d.SetMeta(ctx, "key", old, value)
		if err != nil {
			t.Fatalf("set meta: %v", err)
		}
		return done
	}
	if got, err := d.Meta(ctx, "key"); got != nil || err != nil {
		t.Errorf("meta that was never set is %q, %v", got, err)
	}
	if set([]byte("wrong"), []byte("v")) {
		t.Error("set although it was not set to the old value")
	}
	if !set(nil, []byte("one")) || set(nil, []byte("two")) || set([]byte("two"), []byte("three")) {
		t.Error("meta is not set exactly when the old value matches")
	}
	if !set([]byte("one"), []byte("\x00two")) {
		t.Error("meta is not replaced although the old value matches")
	}
	if got, err := d.Meta(ctx, "key"); string(got) != "\x00two" || err != nil {
		t.Errorf("meta is %q, %v", got, err)
	}
	var wg sync.WaitGroup
	var winners atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			if done, err := d.SetMeta(ctx, "race", nil, []byte{byte(i)}); err != nil {
				t.Error(err)
			} else if done {
				winners.Add(1)
			}
		})
	}
	wg.Wait()
	if winners.Load() != 1 {
		t.Errorf("%d of 8 set the same meta first", winners.Load())
	}
}
