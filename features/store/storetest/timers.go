package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

// instant is when the tests' timers are due, give or take.
var instant = time.Date(2031, 5, 6, 7, 8, 9, 123_000_000, time.UTC)

const lease = time.Minute

// claimAll claims what is due in every shard.
func claimAll(t testing.TB, d store.Driver, now time.Time) []store.Timer {
	t.Helper()
	var out []store.Timer
	for shard := range d.Shards() {
		timers, err := d.ClaimTimers(t.Context(), shard, now, lease, 1000)
		if err != nil {
			t.Fatalf("claim timers of shard %d: %v", shard, err)
		}
		out = append(out, timers...)
	}
	return out
}

// names claims what is due in a customer's shard and returns the timers' names, sorted.
func names(t testing.TB, d store.Driver, id string, now time.Time) string {
	t.Helper()
	timers, err := d.ClaimTimers(t.Context(), store.ShardOf(id, d.Shards()), now, lease, 1000)
	if err != nil {
		t.Fatalf("claim timers: %v", err)
	}
	var out []string
	for _, timer := range timers {
		out = append(out, timer.Name)
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

func timers(id string, expect uint64, changes ...store.TimerChange) store.Change {
	return store.Change{ID: id, Expect: expect, State: []byte("s"), Timers: changes}
}

func testTimerChanges(t *testing.T, d store.Driver) {
	payload := []byte("payload:\x00\xff")
	must(t, d, timers("a", 0,
		store.TimerChange{Name: "cart", Due: instant, Payload: payload},
		store.TimerChange{Name: "later", Due: instant.Add(time.Hour)},
		store.TimerChange{Name: "moved", Due: instant},
		store.TimerChange{Name: "cancelled", Due: instant}))
	must(t, d, timers("b", 0, store.TimerChange{Name: "cancelled", Due: instant.Add(2 * time.Hour)}))
	must(t, d, timers("a", 1,
		store.TimerChange{Name: "moved", Due: instant.Add(time.Hour)},
		store.TimerChange{Name: "cancelled"},
		store.TimerChange{Name: "never set"}))
	if got := claimAll(t, d, instant.Add(-time.Millisecond)); len(got) != 0 {
		t.Errorf("claimed before they are due: %+v", got)
	}
	got := claimAll(t, d, instant)
	if len(got) != 1 {
		t.Fatalf("claimed %+v, expected cart alone", got)
	}
	if c := got[0]; c.Customer != "a" || c.Name != "cart" || !c.Due.Equal(instant) || string(c.Payload) != string(payload) {
		t.Errorf("claimed %+v", c)
	}
	// Claimed, and then cleared by the commit it led to.
	must(t, d, timers("a", 2, store.TimerChange{Name: "cart"}))
	if got := names(t, d, "a", instant.Add(time.Hour)); got != "[later moved]" {
		t.Errorf("an hour later %s are due", got)
	}
}

func testTimersInOneCommit(t *testing.T, d store.Driver) {
	must(t, d,
		timers("a", 0, store.TimerChange{Name: "x", Due: instant}, store.TimerChange{Name: "y", Due: instant}),
		timers("a", 1, store.TimerChange{Name: "x", Due: instant.Add(time.Hour)}, store.TimerChange{Name: "y"}),
		timers("a", 2, store.TimerChange{Name: "z", Due: instant}, store.TimerChange{Name: "y", Due: instant.Add(time.Hour)}))
	if got := names(t, d, "a", instant); got != "[z]" {
		t.Errorf("%s are due, expected z", got)
	}
	// A claimed timer can be moved back as well.
	must(t, d, timers("a", 3, store.TimerChange{Name: "z", Due: instant}))
	if got := names(t, d, "a", instant); got != "[z]" {
		t.Errorf("%s are due after z was set again, expected z", got)
	}
	if got := names(t, d, "a", instant.Add(time.Hour)); got != "[x y z]" {
		t.Errorf("%s are due an hour later", got)
	}
}

func testTimerClaims(t *testing.T, d store.Driver) {
	const customers, claimants = 200, 4
	ids := neighbours(d, customers)
	changes := make([]store.Change, customers)
	for i, id := range ids {
		changes[i] = timers(id, 0, store.TimerChange{Name: "due", Due: instant.Add(time.Duration(i) * time.Millisecond)})
	}
	must(t, d, changes...)
	var mu sync.Mutex
	claimed := map[string]int{}
	var wg sync.WaitGroup
	for range claimants {
		wg.Go(func() {
			for {
				got, err := d.ClaimTimers(t.Context(), store.ShardOf(ids[0], d.Shards()), instant.Add(time.Second), lease, 7)
				if err != nil {
					t.Error(err)
				}
				if len(got) == 0 {
					return
				}
				if len(got) > 7 {
					t.Errorf("a claim of 7 got %d timers", len(got))
				}
				mu.Lock()
				for _, timer := range got {
					claimed[timer.Customer]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if claimed[id] != 1 {
			t.Errorf("the timer of %s was claimed %d times", id, claimed[id])
		}
	}
}

func testTimerLease(t *testing.T, d store.Driver) {
	must(t, d, timers("a", 0, store.TimerChange{Name: "x", Due: instant}))
	for i := range 3 {
		now := instant.Add(time.Duration(i) * lease)
		got := claimAll(t, d, now)
		if len(got) != 1 || !got[0].Due.Equal(instant) {
			t.Fatalf("claim %d got %+v, expected x with the time it was due first", i, got)
		}
		if again := claimAll(t, d, now.Add(lease-time.Millisecond)); len(again) != 0 {
			t.Errorf("claim %d: claimed again within its lease", i)
		}
	}
	must(t, d, timers("a", 1, store.TimerChange{Name: "x"}))
	if got := claimAll(t, d, instant.Add(time.Hour)); len(got) != 0 {
		t.Errorf("cleared, and claimed again: %+v", got)
	}
}

// testTimersSetBefore: a timer may be due before others that were handed out, and a clock may be set back.
func testTimersSetBefore(t *testing.T, d store.Driver) {
	check := func(now time.Time, want string) {
		t.Helper()
		if got := names(t, d, "a", now); got != want {
			t.Errorf("due at %v are %s, want %s", now, got, want)
		}
	}
	must(t, d, timers("a", 0, store.TimerChange{Name: "first", Due: instant}))
	check(instant.Add(time.Hour), "[first]")
	check(instant.Add(-time.Hour), "[]")
	must(t, d, timers("a", 1, store.TimerChange{Name: "early", Due: instant.Add(-2 * time.Hour)}))
	check(instant.Add(-time.Hour), "[early]")
	check(instant.Add(2*time.Hour), "[early first]")
}

func testDueShards(t *testing.T, d store.Driver) {
	s := store.New(d) // the driver is closed by whoever opened it
	due := func(now time.Time) []int {
		t.Helper()
		shards, err := s.DueShards(t.Context(), now)
		if err != nil {
			t.Fatalf("find due timers: %v", err)
		}
		if !slices.IsSorted(shards) || len(slices.Compact(slices.Clone(shards))) != len(shards) || len(shards) > d.Shards() {
			t.Errorf("shards %v of %d are due, expected each once and in order", shards, d.Shards())
		}
		return shards
	}
	due(instant) // of a store without timers
	for i := range 10 {
		id := fmt.Sprintf("c-%d", i)
		at := instant.Add(time.Duration(i) * time.Minute)
		must(t, d, timers(id, 0, store.TimerChange{Name: "x", Due: at}))
		for _, now := range []time.Time{at, at.Add(time.Hour)} {
			if shard := store.ShardOf(id, d.Shards()); !slices.Contains(due(now), shard) {
				t.Errorf("shard %d, with a timer due at %v, is not due at %v", shard, at, now)
			}
		}
	}
}
