package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
)

// mortal is a store as one server sees it: when that server is dead, nothing it does arrives any more.
type mortal struct {
	Store
	dead atomic.Bool
}

var errDead = errors.New("the server is dead")

func (m *mortal) ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Store.ReadJournal(ctx, shard, after, limit)
}

func (m *mortal) ReadJournalBack(ctx context.Context, shard int, before string, limit int) ([]store.Entry, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Store.ReadJournalBack(ctx, shard, before, limit)
}

func (m *mortal) Meta(ctx context.Context, key string) ([]byte, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Store.Meta(ctx, key)
}

func (m *mortal) SetMeta(ctx context.Context, key string, old, value []byte) (bool, error) {
	if m.dead.Load() {
		return false, errDead
	}
	return m.Store.SetMeta(ctx, key, old, value)
}

// calm is a lease and a patience that no machine is too busy for: where each message is to be sent once.
func calm(r *receiver) option {
	r.hook.Timeout = 10 * time.Second
	return func(o *Options) {
		o.Webhooks = append(o.Webhooks, r.hook)
		o.timing.lease = time.Minute
	}
}

func TestOneServerSends(t *testing.T) {
	s := newStore(t, 8)
	r := receive(t, "crm", nil)
	once := calm(r)
	a, b := run(t, s, once), run(t, s, once)
	eventually(t, "all leases are taken", func() bool { return a.held()+b.held() == 8 })
	i := newIssuer(t, s)
	for n := range 100 {
		i.issue(fmt.Sprint("c", n), "sms")
	}
	eventually(t, "all is sent", func() bool { return len(r.ids()) == 100 })
	closed(t, a)
	closed(t, b)
	if n := r.requests(); n != 100 {
		t.Errorf("%d requests for 100 actions", n)
	}
}

// TestStopAndGoOn: between two lives of a server nothing is lost, and after an orderly end nothing is sent twice.
func TestStopAndGoOn(t *testing.T) {
	s := newStore(t, 4)
	r := receive(t, "crm", nil)
	i, once := newIssuer(t, s), calm(r)
	i.issue("early", "sms") // before the webhook was known
	d := run(t, s, once)
	holds(t, d)
	for n := range 20 {
		i.issue(fmt.Sprint("c", n), "sms")
		i.event(fmt.Sprint("c", n))
	}
	eventually(t, "the first are sent", func() bool { return len(r.ids()) == 20 })
	closed(t, d)
	for n := range 20 {
		i.issue(fmt.Sprint("c", n), "sms")
	}
	again := run(t, s, once)
	eventually(t, "all are sent", func() bool { return len(r.ids()) == 40 })
	closed(t, again)
	if n := r.requests(); n != 40 || slices.Contains(r.ids(), "act-1") {
		t.Errorf("%d requests for 40 actions, ids %v", n, r.ids())
	}
}

// killed has a server die while it sends, and another go on.
func killed(t *testing.T, first, second Store, committing store.Driver) {
	t.Helper()
	gate := make(chan struct{})
	var block atomic.Bool
	r := receive(t, "crm", func(_ string, r *http.Request) int {
		if block.Load() {
			select {
			case <-gate:
			case <-r.Context().Done():
			}
		}
		return 200
	})
	dying := &mortal{Store: first}
	a := run(t, dying, with(r.hook))
	holds(t, a)
	b := run(t, second, with(r.hook))
	i := newIssuer(t, committing)
	var want []string
	for n := range 60 {
		if n == 30 {
			eventually(t, "some are sent", func() bool { return len(r.ids()) >= 20 })
			block.Store(true)
		}
		want = append(want, i.issue(fmt.Sprint("c", n%17), "sms"))
	}
	eventually(t, "requests are under way", func() bool { return r.requests() > len(r.ids()) })
	dying.dead.Store(true)
	block.Store(false)
	close(gate)
	slices.Sort(want)
	eventually(t, "the other server has sent the rest", func() bool { return slices.Equal(r.ids(), want) })
	eventually(t, "it has all leases", func() bool { return b.held() == len(b.keeper.shards) })
	eventually(t, "the dead one has noticed", func() bool { return a.held() == 0 })
}

func TestServerDies(t *testing.T) {
	s := newStore(t, 8)
	killed(t, s, s, s)
}

func TestServerDiesOnRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	open := func() store.Driver {
		d, err := redisstore.Open(t.Context(), redisstore.Options{URL: server.URL(), Shards: 16})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	killed(t, open(), open(), open())
}

// TestCursorWaitsForTheOldest: a crash must find the cursor before a message that is still tried, however many behind it were taken.
func TestCursorWaitsForTheOldest(t *testing.T) {
	s := newStore(t, 1)
	var refuse atomic.Bool
	refuse.Store(true)
	r := receive(t, "crm", func(id string, _ *http.Request) int {
		if id == "act-2" && refuse.Load() {
			return 500
		}
		return 200
	})
	r.hook.MaxAttempts = 1000
	dying := &mortal{Store: s}
	a := run(t, dying, with(r.hook))
	holds(t, a)
	i := newIssuer(t, s)
	for range 5 {
		i.issue("c", "sms")
	}
	eventually(t, "the others are taken", func() bool { return len(r.ids()) == 4 })
	eventually(t, "the cursor is written", func() bool { return cursorOf(t, s, "crm") == cursorAt(t, s, 0) })
	dying.dead.Store(true)
	refuse.Store(false)
	closed(t, a)
	b := run(t, s, with(r.hook))
	eventually(t, "it is taken", func() bool { return len(r.ids()) == 5 })
	eventually(t, "the cursor is at the end", func() bool { return cursorOf(t, s, "crm") == cursorAt(t, s, 4) })
	closed(t, b)
}

func cursorOf(t *testing.T, s Store, name string) string {
	t.Helper()
	raw, err := s.Meta(t.Context(), leaseKey(0))
	var l lease
	if err != nil || json.Unmarshal(raw, &l) != nil {
		t.Fatalf("lease is %s, %v", raw, err)
	}
	return l.Cursors[name]
}

func cursorAt(t *testing.T, s Store, n int) string {
	t.Helper()
	entries, err := s.ReadJournal(t.Context(), 0, "", 100)
	if err != nil || len(entries) <= n {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	return entries[n].Cursor
}

// TestLostLease: a lease that another took, because of its clock, is given up, and the other's cursors stay.
func TestLostLease(t *testing.T) {
	s := newStore(t, 1)
	r := receive(t, "crm", nil)
	a := run(t, s, with(r.hook))
	holds(t, a)
	stolen, err := json.Marshal(lease{Holder: "thief", Until: time.Now().Add(time.Hour).UnixMilli(), Cursors: map[string]string{"crm": "x", "other": "y"}})
	if err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		old, err := s.Meta(t.Context(), leaseKey(0))
		if err != nil {
			t.Fatal(err)
		}
		if done, err = s.SetMeta(t.Context(), leaseKey(0), old, stolen); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the loss is noticed", func() bool { return a.held() == 0 })
	closed(t, a)
	if raw, _ := s.Meta(t.Context(), leaseKey(0)); string(raw) != string(stolen) {
		t.Errorf("the lease became %s", raw)
	}
}

// TestIdleCursorMovesOn: pages without actions are passed over, so that a restart does not read them all again.
func TestIdleCursorMovesOn(t *testing.T) {
	s := newStore(t, 1)
	r := receive(t, "crm", nil)
	d := run(t, s, with(r.hook))
	holds(t, d)
	i := newIssuer(t, s)
	for range 50 {
		i.event("c")
	}
	eventually(t, "the cursor is at the end", func() bool { return cursorOf(t, s, "crm") == cursorAt(t, s, 49) })
}

// TestStoreComesBack: what was issued while the store could not be read is delivered.
func TestStoreComesBack(t *testing.T) {
	s := newStore(t, 2)
	r := receive(t, "crm", nil)
	flaky := &mortal{Store: s}
	d := run(t, flaky, with(r.hook))
	holds(t, d)
	flaky.dead.Store(true)
	i := newIssuer(t, s)
	for n := range 10 {
		i.issue(fmt.Sprint("c", n), "sms")
	}
	eventually(t, "the leases are given up", func() bool { return d.held() == 0 })
	flaky.dead.Store(false)
	eventually(t, "all is sent", func() bool { return len(r.ids()) == 10 })
}
