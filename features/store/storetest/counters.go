package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

func spend(t testing.TB, d store.Driver, key, token string, limit int64) bool {
	t.Helper()
	ok, err := d.Spend(t.Context(), key, token, limit, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatalf("spend from %q for %q: %v", key, token, err)
	}
	return ok
}

func refund(t testing.TB, d store.Driver, key, token string) {
	t.Helper()
	if err := d.Refund(t.Context(), key, token); err != nil {
		t.Fatalf("refund to %q for %q: %v", key, token, err)
	}
}

func checkSpent(t testing.TB, d store.Driver, key string, want int64) {
	t.Helper()
	if got, err := d.Spent(t.Context(), key); got != want || err != nil {
		t.Errorf("%d are spent from %q, %v; expected %d", got, key, err, want)
	}
}

func testSpend(t *testing.T, d store.Driver) {
	const key = "coupons {of} \x00 today"
	checkSpent(t, d, key, 0)
	for _, step := range []struct {
		token string
		ok    bool
	}{{"a", true}, {"b", true}, {"a", true}, {"\x00c", true}, {"d", false}, {"a", true}, {"d", false}} {
		if got := spend(t, d, key, step.token, 3); got != step.ok {
			t.Errorf("token %q took one of three: %v", step.token, got)
		}
	}
	checkSpent(t, d, key, 3)
	for range 2 {
		refund(t, d, key, "b")
		refund(t, d, key, "never took any")
		checkSpent(t, d, key, 2)
	}
	if !spend(t, d, key, "d", 3) || spend(t, d, key, "b", 3) {
		t.Error("what was given back was not there for one, and for one only")
	}
	if spend(t, d, key, "e", 2) || !spend(t, d, key, "e", 4) {
		t.Error("the limit is not the one that was asked with")
	}
	// One key is the beginning of the other; a token is too.
	if !spend(t, d, key+"!", "a", 1) || spend(t, d, key+"!", "a!", 1) {
		t.Error("another key is not counted by itself")
	}
	if spend(t, d, "nothing", "a", 0) || spend(t, d, "nothing", "a", -1) {
		t.Error("took one of none")
	}
	refund(t, d, "nothing", "a")
	checkSpent(t, d, "nothing", 0)
}

// testSpendLate has counters that are over already: clocks differ, so what is spent is not forgotten at once.
func testSpendLate(t *testing.T, d store.Driver) {
	for i, token := range []string{"a", "b", "c"} {
		for _, key := range []string{"yesterday", "the day before"} {
			ok, err := d.Spend(t.Context(), key, token, 2, time.Now().Add(-24*time.Hour))
			if err != nil || ok != (i < 2) {
				t.Errorf("token %d of two took one from a counter that is over: %v, %v", i+1, ok, err)
			}
		}
	}
}

// testSpenders has 64 spend at once, and give some of it back: never more is held than the limit, and in the end all of it.
func testSpenders(t *testing.T, d store.Driver) {
	const spenders, each, limit, key = 64, 12, 100, "shared"
	var held, kept atomic.Int64
	var wg sync.WaitGroup
	for s := range spenders {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(s)))
			for i := range each {
				token := fmt.Sprintf("%d.%d", s, i)
				ok, err := d.Spend(t.Context(), key, token, limit, time.Now().Add(time.Hour))
				if err != nil {
					t.Error(err)
				}
				if !ok {
					continue
				}
				if n := held.Add(1); n > limit {
					t.Errorf("%d are held of %d", n, limit)
				}
				if i == each-1 || random.IntN(2) == 0 {
					kept.Add(1)
					continue
				}
				held.Add(-1) // before it is given back, so that it is never counted too long
				if err := d.Refund(t.Context(), key, token); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	checkSpent(t, d, key, kept.Load())
	rest := int64(0)
	for i := range limit {
		if spend(t, d, key, fmt.Sprintf("rest %d", i), limit) {
			rest++
		}
	}
	if kept.Load()+rest != limit {
		t.Errorf("%d are kept and %d were left, expected %d together", kept.Load(), rest, limit)
	}
}
