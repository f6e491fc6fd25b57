package redisstore_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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
	t.Parallel()
	server := redistest.Start(t)
	for _, shards := range []int{1, 32} {
		t.Run(fmt.Sprintf("%d shards", shards), func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) store.Driver {
				return open(t, redisstore.Options{URL: server.URL(), Shards: shards})
			})
		})
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	t.Run("conformance", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB) store.Driver {
			return open(t, redisstore.Options{URL: cluster.URL(), Shards: 32})
		})
	})
	t.Run("failover", func(t *testing.T) { testClusterFailover(t, cluster) })
}

func TestShardsAreFixed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for _, o := range []struct {
		prefix     string
		first      int
		then, want int
	}{{"default:", 0, 0, 256}, {"same:", 32, 32, 32}, {"stored:", 32, 0, 32}} {
		open(t, redisstore.Options{URL: server.URL(), Prefix: o.prefix, Shards: o.first})
		again := open(t, redisstore.Options{URL: server.URL(), Prefix: o.prefix, Shards: o.then})
		if got := again.Shards(); got != o.want {
			t.Errorf("%s store opened with %d, then with %d, has %d shards", o.prefix, o.first, o.then, got)
		}
	}
	_, err := redisstore.Open(t.Context(), redisstore.Options{URL: server.URL(), Prefix: "same:", Shards: 64})
	if err == nil || !strings.Contains(err.Error(), "shards is 64, but the store was created with 32") {
		t.Errorf("opened with another number of shards: %v", err)
	}
	if _, err := redisstore.Open(t.Context(), redisstore.Options{URL: server.URL(), Shards: 1 << 20}); err == nil {
		t.Error("opened with a million shards")
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := open(t, redisstore.Options{
		URL: server.URL(), Prefix: "p:", Shards: 1, CustomerTTL: time.Hour, LinkTTL: 2 * time.Hour,
	})
	client := server.Client()
	defer func() { _ = client.Close() }()
	ttl := func(pattern string) time.Duration {
		t.Helper()
		keys, err := client.Keys(t.Context(), pattern).Result()
		if err != nil || len(keys) != 1 {
			t.Fatalf("keys like %s: %v, %v", pattern, keys, err)
		}
		return client.PTTL(t.Context(), keys[0]).Val().Round(time.Minute)
	}
	commit := func(c store.Change) {
		t.Helper()
		outcomes := make([]error, 1)
		if err := d.Commit(t.Context(), 0, []store.Change{c}, outcomes); err != nil || outcomes[0] != nil {
			t.Fatal(err, outcomes)
		}
	}
	due := time.Now().Add(time.Minute)
	commit(store.Change{ID: "a", State: []byte("s"), Links: []string{"d"}, Timers: []store.TimerChange{{Name: "x", Due: due}}})
	if got := ttl("p:*:c:*"); got != time.Hour {
		t.Errorf("an idle customer expires in %v", got)
	}
	if got, index := ttl("p:*:l:d"), ttl("p:*:k:*"); got != 2*time.Hour || index != got {
		t.Errorf("a link expires in %v, the list of a customer's links in %v", got, index)
	}
	commit(store.Change{ID: "a", Expect: 1, State: []byte("s"), Keep: true})
	if got := ttl("p:*:c:*"); got > 0 {
		t.Errorf("a customer to keep expires in %v", got)
	}
	commit(store.Change{ID: "a", Expect: 2, State: []byte("s")})
	if got := ttl("p:*:c:*"); got != time.Hour {
		t.Errorf("a customer to keep no longer expires in %v", got)
	}
	// What expires takes its timers along.
	if err := client.Del(t.Context(), client.Keys(t.Context(), "p:*:c:*").Val()...).Err(); err != nil {
		t.Fatal(err)
	}
	if timers, err := d.ClaimTimers(t.Context(), 0, due, time.Minute, 10); err != nil || len(timers) != 0 {
		t.Errorf("claimed of an expired customer: %v, %v", timers, err)
	}
	if left := client.Keys(t.Context(), "p:*:t:*").Val(); len(left) != 0 {
		t.Errorf("timers of an expired customer are left: %v", left)
	}
	for _, spend := range []struct{ expires, want time.Duration }{
		{-time.Hour, store.CounterGrace}, {3 * time.Hour, 3 * time.Hour}, {2 * time.Hour, 3 * time.Hour},
	} {
		if ok, err := d.Spend(t.Context(), "n", spend.expires.String(), 3, time.Now().Add(spend.expires)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if got := ttl("p:n:n"); got != spend.want {
			t.Errorf("a counter that was taken from until %v expires in %v, expected %v", spend.expires, got, spend.want)
		}
	}
	commit(store.Change{ID: "b", Erase: true})
	if got := ttl("p:*:c:*"); got > 0 {
		t.Errorf("a tombstone expires in %v", got)
	}
}

// TestScriptsForgotten has Redis forget its scripts, as it does when it restarts.
func TestScriptsForgotten(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := open(t, redisstore.Options{URL: server.URL(), Shards: 4})
	client := server.Client()
	defer func() { _ = client.Close() }()
	for version := range uint64(3) {
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		outcomes := make([]error, 1)
		change := store.Change{ID: "a", Expect: version, State: []byte("s")}
		err := d.Commit(t.Context(), store.ShardOf("a", 4), []store.Change{change}, outcomes)
		if err != nil || outcomes[0] != nil {
			t.Fatal(err, outcomes)
		}
	}
}

// TestLostAnswer has Redis apply a commit and die before it answers: that must come back as not known, not as a conflict.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	relay := newRelay(t, server.Addr)
	d := open(t, redisstore.Options{URL: "redis://" + relay.addr, Shards: 1})
	outcomes := make([]error, 1)
	change := store.Change{ID: "a", State: []byte("s")}
	relay.cutAfter("EVAL")
	if err := d.Commit(t.Context(), 0, []store.Change{change}, outcomes); err == nil {
		t.Errorf("commit whose answer was lost: outcome %v, and no error", outcomes[0])
	}
	out := make([]store.Snapshot, 1)
	if err := d.Load(t.Context(), []string{"a"}, out); err != nil || out[0].Version != 1 {
		t.Errorf("it was not applied exactly once: %+v, %v", out[0], err)
	}
}

// TestDueShards has a shard be due from when its first timer is, until the timer is claimed, and again when the claim ends.
func TestDueShards(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	d := open(t, redisstore.Options{URL: server.URL(), Shards: 600}) // more than one pipeline
	due := time.Now().Add(time.Minute)
	want := map[int]bool{}
	for i := range 20 {
		id := fmt.Sprint(i)
		shard := store.ShardOf(id, 600)
		want[shard] = true
		outcomes := make([]error, 1)
		change := store.Change{ID: id, State: []byte("s"), Timers: []store.TimerChange{{Name: "x", Due: due}}}
		if err := d.Commit(t.Context(), shard, []store.Change{change}, outcomes); err != nil || outcomes[0] != nil {
			t.Fatal(err, outcomes)
		}
	}
	check := func(now time.Time, n int) {
		t.Helper()
		shards, err := d.DueShards(t.Context(), now)
		if err != nil || len(shards) != n {
			t.Errorf("%d shards are due, %v; expected %d", len(shards), err, n)
		}
		for _, shard := range shards {
			if !want[shard] {
				t.Errorf("shard %d is due, and has no timers", shard)
			}
		}
	}
	check(due.Add(-time.Millisecond), 0)
	check(due, len(want))
	for shard := range want {
		if _, err := d.ClaimTimers(t.Context(), shard, due, time.Minute, 100); err != nil {
			t.Fatal(err)
		}
	}
	check(due, 0)
	check(due.Add(time.Minute), len(want))
}
