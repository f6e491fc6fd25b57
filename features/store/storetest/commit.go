package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
)

func testCommitAndLoad(t *testing.T, d store.Driver) {
	ids := []string{"plain", "with space", "{braces}", "日本", strings.Repeat("long", 100), "bytes\x00\xff"}
	large := bytes.Repeat([]byte{0, 1, '\r', '\n', 0xff}, 20_000)
	for _, id := range ids {
		must(t, d, write(id, 0, "first "+id))
		change := write(id, 1, "")
		change.State = append([]byte(id), large...)
		must(t, d, change)
		clear(change.State[len(id):]) // the store keeps nothing of a change
	}
	out := make([]store.Snapshot, len(ids)+1)
	if err := d.Load(t.Context(), append(ids, "nobody"), out); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if want := append([]byte(id), large...); !bytes.Equal(out[i].State, want) || out[i].Version != 2 {
			t.Errorf("%q loads %d bytes of version %d, expected %d of version 2", id, len(out[i].State), out[i].Version, len(want))
		}
	}
	if last := out[len(ids)]; last.State != nil || last.Version != 0 {
		t.Errorf("a customer never seen loads as %+v beside known ones", last)
	}
}

func testConflict(t *testing.T, d store.Driver) {
	ids := neighbours(d, 2)
	a, b := ids[0], ids[1]
	must(t, d, write(a, 0, "one"), write(a, 1, "two"))
	for _, expect := range []uint64{0, 1, 3} {
		stale := write(a, expect, "stale")
		stale.Timers = []store.TimerChange{{Name: "stale", Due: instant}}
		stale.Links = []string{"stale"}
		outcomes := commit(t, d, stale, write(b, 0, "other"))
		if !errors.Is(outcomes[0], store.ErrConflict) {
			t.Errorf("a change that expects version %d of 2: %v", expect, outcomes[0])
		}
		if expect == 0 && outcomes[1] != nil {
			t.Errorf("the change beside it: %v", outcomes[1])
		}
	}
	if got := load(t, d, a); string(got.State) != "two" || got.Version != 2 {
		t.Errorf("after conflicts the state is %q of version %d", got.State, got.Version)
	}
	if got := entriesOf(t, d, a); len(got) != 2 {
		t.Errorf("after conflicts the journal has %d entries, expected 2", len(got))
	}
	if due := claimAll(t, d, instant); len(due) != 0 {
		t.Errorf("a conflict set timers: %v", due)
	}
	if _, _, ok, err := d.Link(t.Context(), store.ShardOf(a, d.Shards()), "stale"); ok || err != nil {
		t.Errorf("a conflict made a link: %v, %v", ok, err)
	}
}

func testDuplicates(t *testing.T, d store.Driver) {
	outcomes := commit(t, d,
		write("a", 0, "1"), write("a", 0, "lost"), write("a", 1, "2"), write("a", 1, "lost"), write("a", 2, "3"))
	for i, conflict := range []bool{false, true, false, true, false} {
		if got := errors.Is(outcomes[i], store.ErrConflict); got != conflict {
			t.Errorf("change %d: %v, expected a conflict: %v", i, outcomes[i], conflict)
		}
	}
	if got := load(t, d, "a"); string(got.State) != "3" || got.Version != 3 {
		t.Errorf("state is %q of version %d", got.State, got.Version)
	}
	for i, e := range entriesOf(t, d, "a") {
		if want := fmt.Sprint(i + 1); string(e.Data) != want || e.Version != uint64(i+1) {
			t.Errorf("entry %d is %q of version %d", i, e.Data, e.Version)
		}
	}
}

func testManyChanges(t *testing.T, d store.Driver) {
	ids := neighbours(d, 512)
	changes := make([]store.Change, len(ids))
	for i, id := range ids {
		changes[i] = write(id, 0, id)
	}
	must(t, d, changes...)
	out := make([]store.Snapshot, len(ids))
	if err := d.Load(t.Context(), ids, out); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if string(out[i].State) != id {
			t.Fatalf("%q loads as %q", id, out[i].State)
		}
	}
}

// testWriters has 64 writers append to five customers through a Store. A state is the list of what was appended to it, so that
// anything lost, doubled or out of order shows.
func testWriters(t *testing.T, d store.Driver) {
	const writers, each, customers = 64, 10, 5
	var flushed, conflicts atomic.Int64
	s := store.New(keepOpen{d}, store.OnFlush(func(f store.Flush) {
		flushed.Add(int64(f.Changes))
		conflicts.Add(int64(f.Conflicts))
	}))
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("shared-%d", (w+i)%customers)
				if err := appendTo(t, s, id, fmt.Sprintf("%d.%d;", w, i)); err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := flushed.Load() - conflicts.Load(); got != writers*each {
		t.Errorf("%d changes flushed without a conflict, expected %d", got, writers*each)
	}
	total := 0
	for c := range customers {
		id := fmt.Sprintf("shared-%d", c)
		snapshot := load(t, d, id)
		appended := strings.Split(strings.TrimSuffix(string(snapshot.State), ";"), ";")
		seen := map[string]bool{}
		for _, a := range appended {
			seen[a] = true
		}
		if len(seen) != len(appended) || snapshot.Version != uint64(len(appended)) {
			t.Errorf("%s: %d appended, %d different, version %d", id, len(appended), len(seen), snapshot.Version)
		}
		total += len(appended)
		checkJournal(t, d, id)
	}
	if total != writers*each {
		t.Errorf("states hold %d of %d appended values", total, writers*each)
	}
}

// appendTo adds to a customer's state, again and again until it does not conflict.
func appendTo(t testing.TB, s *store.Store, id, value string) error {
	for {
		snapshots, err := s.Load(t.Context(), []string{id})
		if err != nil {
			return err
		}
		state := append(bytes.Clone(snapshots[0].State), value...)
		change := store.Change{ID: id, Expect: snapshots[0].Version, State: state, Records: []store.Record{event(value)}}
		outcomes := make([]error, 1)
		if err := s.Commit(t.Context(), []store.Change{change}, outcomes); err != nil {
			return err
		}
		if !errors.Is(outcomes[0], store.ErrConflict) {
			return outcomes[0]
		}
	}
}

// checkJournal rebuilds a state from the journal and compares it with the stored one, to the byte.
func checkJournal(t testing.TB, d store.Driver, id string) {
	t.Helper()
	var rebuilt []byte
	var version uint64
	for _, e := range entriesOf(t, d, id) {
		if e.Version != version && e.Version != version+1 {
			t.Errorf("%s: journal goes from version %d to %d", id, version, e.Version)
		}
		version = e.Version
		rebuilt = append(rebuilt, e.Data...)
	}
	if got := load(t, d, id); !bytes.Equal(got.State, rebuilt) || got.Version != version {
		t.Errorf("%s: state is %q (version %d), its journal makes %q (version %d)", id, got.State, got.Version, rebuilt, version)
	}
}

// keepOpen lets a Store be closed, and its driver be looked at after that.
type keepOpen struct{ store.Driver }

func (keepOpen) Close() error { return nil }
