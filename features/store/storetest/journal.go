package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
)

func testJournalPages(t *testing.T, d store.Driver) {
	const id = "a"
	kinds := []store.RecordKind{
		store.RecordEvent, store.RecordSkipped, store.RecordDecision, store.RecordMerge, store.RecordOutcome, store.RecordTimers,
	}
	var want []store.Record
	for v := range 10 {
		change := store.Change{ID: id, Expect: uint64(v), State: []byte("s")}
		for i, kind := range kinds {
			change.Records = append(change.Records, store.Record{Kind: kind, Data: fmt.Appendf(nil, "%d.%d\x00\xff", v, i)})
		}
		want = append(want, change.Records...)
		must(t, d, change)
	}
	shard := store.ShardOf(id, d.Shards())
	var got []store.Entry
	for after := ""; ; {
		page, err := d.ReadJournal(t.Context(), shard, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		if rest := len(want) - len(got); len(page) != min(7, rest) {
			t.Fatalf("a page of 7 has %d entries when %d are left", len(page), rest)
		}
		got = append(got, page...)
		after = page[len(page)-1].Cursor
	}
	if len(got) != len(want) {
		t.Fatalf("journal has %d entries, expected %d", len(got), len(want))
	}
	for i, e := range got {
		if e.Kind != want[i].Kind || !bytes.Equal(e.Data, want[i].Data) || e.Customer != id || e.Version != uint64(i/len(kinds)+1) {
			t.Errorf("entry %d is %+v, expected %+v", i, e, want[i])
		}
		if i > 0 && e.Cursor <= got[i-1].Cursor {
			t.Errorf("cursor %q follows %q", e.Cursor, got[i-1].Cursor)
		}
	}
}

func testJournals(t *testing.T, d store.Driver) {
	s := store.New(d) // the driver is closed by whoever opened it
	cursors, got := make([]string, d.Shards()), map[string][]string{}
	look := func() (entries int) {
		t.Helper()
		err := s.ReadJournals(t.Context(), cursors, 3, func(shard int, page []store.Entry) error {
			if len(page) == 0 || len(page) > 3 || page[0].Cursor <= cursors[shard] {
				t.Errorf("after %q a page of shard %d has %d entries, expected 1 to 3 that follow", cursors[shard], shard, len(page))
			}
			for _, e := range page {
				if at := store.ShardOf(e.Customer, d.Shards()); at != shard {
					t.Errorf("shard %d has an entry of shard %d", shard, at)
				}
				got[e.Customer] = append(got[e.Customer], string(e.Data))
				cursors[shard] = e.Cursor
			}
			entries += len(page)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return entries
	}
	if n := look(); n != 0 {
		t.Fatalf("empty journals have %d entries", n)
	}
	want := map[string][]string{}
	for i := range 20 {
		id := fmt.Sprintf("c-%d", i)
		for _, e := range fill(t, d, id, 0, 5) {
			if e.Customer == id {
				want[id] = append(want[id], string(e.Data))
			}
		}
	}
	for look() > 0 {
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %v, expected %v", got, want)
	}
	wrong := errors.New("wrong")
	if err := s.ReadJournals(t.Context(), make([]string, d.Shards()), 1, func(int, []store.Entry) error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("got %v, expected the error of the page", err)
	}
}

func testJournalBack(t *testing.T, d store.Driver) {
	const id = "a"
	shard := store.ShardOf(id, d.Shards())
	if none, err := d.ReadJournalBack(t.Context(), shard, "", 7); err != nil || len(none) != 0 {
		t.Fatalf("an empty journal gives %v, %v", none, err)
	}
	want := fill(t, d, id, 0, 25)
	slices.Reverse(want)
	var got []store.Entry
	for before := ""; ; {
		page, err := d.ReadJournalBack(t.Context(), shard, before, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		before = page[len(page)-1].Cursor
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back %d entries, expected the %d of the journal, the newest first", len(got), len(want))
	}
}

// fill commits n entries for one customer and returns the journal.
func fill(t *testing.T, d store.Driver, id string, from, n int) []store.Entry {
	t.Helper()
	changes := make([]store.Change, n)
	for i := range changes {
		changes[i] = write(id, uint64(from+i), fmt.Sprint(from+i))
	}
	must(t, d, changes...)
	return journal(t, d, store.ShardOf(id, d.Shards()))
}

func trim(t *testing.T, d store.Driver, id string, keep int, upTo string) int {
	t.Helper()
	removed, err := d.TrimJournal(t.Context(), store.ShardOf(id, d.Shards()), keep, upTo)
	if err != nil {
		t.Fatalf("trim to %d, up to %q: %v", keep, upTo, err)
	}
	return removed
}

func testTrim(t *testing.T, d store.Driver) {
	before := fill(t, d, "a", 0, 1000)
	for _, step := range []struct{ keep, removed int }{{1000, 0}, {5000, 0}, {300, 700}, {300, 0}, {1, 299}} {
		if got := trim(t, d, "a", step.keep, ""); got != step.removed {
			t.Errorf("trimming to %d removed %d entries, expected %d", step.keep, got, step.removed)
		}
	}
	after := entriesOf(t, d, "a")
	if len(after) != 1 || after[0].Cursor != before[999].Cursor {
		t.Errorf("%d entries are left, expected the newest alone", len(after))
	}
	if got := load(t, d, "a"); string(got.State) != "999" {
		t.Errorf("trimming changed the state to %q", got.State)
	}
	if page, err := d.ReadJournal(t.Context(), store.ShardOf("a", d.Shards()), before[10].Cursor, 10); err != nil || len(page) != 1 {
		t.Errorf("reading on from a trimmed cursor gives %d entries, %v", len(page), err)
	}
}

func testTrimUpTo(t *testing.T, d store.Driver) {
	before := fill(t, d, "a", 0, 1000)
	if got := trim(t, d, "a", 100, before[249].Cursor); got != 250 {
		t.Errorf("removed %d entries, expected the 250 that are archived", got)
	}
	if got := trim(t, d, "a", 100, before[249].Cursor); got != 0 {
		t.Errorf("removed %d more, expected none", got)
	}
	if got := trim(t, d, "a", 700, before[999].Cursor); got != 50 {
		t.Errorf("removed %d entries, expected the 50 over the bound", got)
	}
	if left := entriesOf(t, d, "a"); len(left) != 700 || left[0].Cursor != before[300].Cursor {
		t.Errorf("%d entries are left", len(left))
	}
}

func testCursorsGrow(t *testing.T, d store.Driver) {
	before := fill(t, d, "a", 0, 5)
	last := before[len(before)-1].Cursor
	trim(t, d, "a", 0, "")
	if left := entriesOf(t, d, "a"); len(left) != 0 {
		t.Fatalf("%d entries are left of a journal trimmed to none", len(left))
	}
	after := fill(t, d, "a", 5, 1)
	if len(after) != 1 || after[0].Cursor <= last {
		t.Errorf("after %q comes %+v", last, after)
	}
}

func testScrub(t *testing.T, d store.Driver) {
	ids := neighbours(d, 2)
	for v := range 300 {
		must(t, d, write(ids[0], uint64(v), "gone"), write(ids[1], uint64(v), "stays"))
	}
	must(t, d, write(ids[0], 300, "the next life"))
	removed, err := d.Scrub(t.Context(), ids[0], 300)
	if err != nil || removed != 300 {
		t.Errorf("scrub removed %d entries, %v; expected 300", removed, err)
	}
	if got := entriesOf(t, d, ids[0]); len(got) != 1 || got[0].Version != 301 {
		t.Errorf("%d entries of the scrubbed customer are left, expected that of the version after", len(got))
	}
	if got := entriesOf(t, d, ids[1]); len(got) != 300 {
		t.Errorf("%d entries of another customer are left, expected 300", len(got))
	}
	if removed, err = d.Scrub(t.Context(), ids[0], 300); err != nil || removed != 0 {
		t.Errorf("scrubbing again removed %d entries, %v", removed, err)
	}
	must(t, d, write(ids[0], 301, "new"))
	if got := entriesOf(t, d, ids[0]); len(got) != 2 {
		t.Errorf("journal has %d entries after a commit that follows the scrub, expected 2", len(got))
	}
}
