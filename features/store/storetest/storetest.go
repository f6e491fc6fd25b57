// Package storetest is the conformance suite that every driver of package store passes.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

// Open returns a new, empty store; the test's cleanup closes it.
type Open func(t testing.TB) store.Driver

// Run tests a driver.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		test func(*testing.T, store.Driver)
	}{
		{"unknown customer", testUnknown},
		{"commit and load", testCommitAndLoad},
		{"conflict changes nothing", testConflict},
		{"one customer twice in a commit", testDuplicates},
		{"many in one commit", testManyChanges},
		{"64 writers lose nothing", testWriters},
		{"journal in pages", testJournalPages},
		{"journal from its end", testJournalBack},
		{"journals of all shards", testJournals},
		{"trim", testTrim},
		{"trim stays behind the archive", testTrimUpTo},
		{"cursors are never used again", testCursorsGrow},
		{"timer set, moved, cancelled", testTimerChanges},
		{"timers of one commit", testTimersInOneCommit},
		{"timers go to one claimant", testTimerClaims},
		{"shards with due timers", testDueShards},
		{"timers come back after the lease", testTimerLease},
		{"timers before others that were handed out", testTimersSetBefore},
		{"erase", testErase},
		{"erase what the same commit made", testEraseInOneCommit},
		{"scrub", testScrub},
		{"links", testLinks},
		{"links find their entries", testLinkedEntries},
		{"links after trim and scrub", testLinksOutliveEntries},
		{"spend", testSpend},
		{"spend from what is over", testSpendLate},
		{"64 spenders never take too many", testSpenders},
		{"meta", testMeta},
		{"cancelled context", testCancelled},
		{"closed", testClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}

// commit applies changes of any shards, and fails the test on an error that is no outcome.
func commit(t testing.TB, d store.Driver, changes ...store.Change) []error {
	t.Helper()
	outcomes := make([]error, len(changes))
	for shard, at := range byShard(d, changes) {
		part, results := make([]store.Change, len(at)), make([]error, len(at))
		for i, k := range at {
			part[i] = changes[k]
		}
		if err := d.Commit(t.Context(), shard, part, results); err != nil {
			t.Fatalf("commit to shard %d: %v", shard, err)
		}
		for i, k := range at {
			outcomes[k] = results[i]
		}
	}
	return outcomes
}

func byShard(d store.Driver, changes []store.Change) map[int][]int {
	out := map[int][]int{}
	for i, c := range changes {
		shard := store.ShardOf(c.ID, d.Shards())
		out[shard] = append(out[shard], i)
	}
	return out
}

// must applies changes that may not conflict.
func must(t testing.TB, d store.Driver, changes ...store.Change) {
	t.Helper()
	for i, err := range commit(t, d, changes...) {
		if err != nil {
			t.Fatalf("change %d of %q: %v", i, changes[i].ID, err)
		}
	}
}

func load(t testing.TB, d store.Driver, id string) store.Snapshot {
	t.Helper()
	out := make([]store.Snapshot, 1)
	if err := d.Load(t.Context(), []string{id}, out); err != nil {
		t.Fatalf("load %q: %v", id, err)
	}
	return out[0]
}

// journal reads a shard from its beginning to its end.
func journal(t testing.TB, d store.Driver, shard int) []store.Entry {
	t.Helper()
	var all []store.Entry
	after := ""
	for {
		page, err := d.ReadJournal(t.Context(), shard, after, 100)
		if err != nil {
			t.Fatalf("read the journal of shard %d after %q: %v", shard, after, err)
		}
		if len(page) == 0 {
			return all
		}
		for _, e := range page {
			if e.Cursor <= after {
				t.Fatalf("shard %d: cursor %q follows %q", shard, e.Cursor, after)
			}
			after = e.Cursor
		}
		all = append(all, page...)
	}
}

// entriesOf returns what the journal has of one customer.
func entriesOf(t testing.TB, d store.Driver, id string) []store.Entry {
	t.Helper()
	var out []store.Entry
	for _, e := range journal(t, d, store.ShardOf(id, d.Shards())) {
		if e.Customer == id {
			out = append(out, e)
		}
	}
	return out
}

// neighbours returns n ids that live in one shard.
func neighbours(d store.Driver, n int) []string {
	shard := store.ShardOf("customer-0", d.Shards())
	var ids []string
	for i := 0; len(ids) < n; i++ {
		if id := fmt.Sprintf("customer-%d", i); store.ShardOf(id, d.Shards()) == shard {
			ids = append(ids, id)
		}
	}
	return ids
}

// write is a change with one event in its journal.
func write(id string, expect uint64, state string) store.Change {
	return store.Change{ID: id, Expect: expect, State: []byte(state), Records: []store.Record{event(state)}}
}

func event(data string) store.Record {
	return store.Record{Kind: store.RecordEvent, Data: []byte(data)}
}

func testUnknown(t *testing.T, d store.Driver) {
	if got := load(t, d, "nobody"); got.State != nil || got.Version != 0 || got.Tombstone != nil {
		t.Errorf("a customer never seen loads as %+v", got)
	}
	if d.Shards() < 1 {
		t.Errorf("store has %d shards", d.Shards())
	}
	if err := d.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

func testCancelled(t *testing.T, d store.Driver) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	outcomes := make([]error, 1)
	err := d.Commit(ctx, store.ShardOf("a", d.Shards()), []store.Change{write("a", 0, "x")}, outcomes)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("commit under a cancelled context: %v", err)
	}
	if got := load(t, d, "a"); got.Version != 0 {
		t.Errorf("it was applied: %+v", got)
	}
}

func testClosed(t *testing.T, d store.Driver) {
	if err := d.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	ctx := t.Context()
	_, journalErr := d.ReadJournal(ctx, 0, "", 1)
	_, backErr := d.ReadJournalBack(ctx, 0, "", 1)
	_, trimErr := d.TrimJournal(ctx, 0, 1, "")
	_, claimErr := d.ClaimTimers(ctx, 0, time.Now(), time.Second, 1)
	_, scrubErr := d.Scrub(ctx, "a", 1)
	_, _, _, linkErr := d.Link(ctx, 0, "l")
	_, spendErr := d.Spend(ctx, "k", "t", 1, time.Now())
	_, spentErr := d.Spent(ctx, "k")
	_, metaErr := d.Meta(ctx, "k")
	_, setErr := d.SetMeta(ctx, "k", nil, []byte("v"))
	for name, err := range map[string]error{
		"Load":        d.Load(ctx, []string{"a"}, make([]store.Snapshot, 1)),
		"Commit":      d.Commit(ctx, 0, []store.Change{write("a", 0, "x")}, make([]error, 1)),
		"ReadJournal": journalErr, "ReadJournalBack": backErr, "TrimJournal": trimErr, "ClaimTimers": claimErr, "Scrub": scrubErr,
		"Spend": spendErr, "Refund": d.Refund(ctx, "k", "t"), "Spent": spentErr,
		"Link": linkErr, "Meta": metaErr, "SetMeta": setErr, "Ping": d.Ping(ctx),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close: %v, expected ErrClosed", name, err)
		}
	}
	if err := d.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
