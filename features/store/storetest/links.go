package storetest

import (
	"fmt"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
)

func testLinks(t *testing.T, d store.Driver) {
	change := write("a", 0, "s")
	change.Links = []string{"d-1", "d-2"}
	must(t, d, change)
	bare := store.Change{ID: "a", Expect: 1, State: []byte("s"), Links: []string{"of no record"}}
	must(t, d, bare)
	shard := store.ShardOf("a", d.Shards())
	for link, want := range map[string]string{"d-1": "a", "d-2": "a", "d-3": "", "of no record": "a"} {
		if got, _, ok, err := d.Link(t.Context(), shard, link); got != want || ok != (want != "") || err != nil {
			t.Errorf("link %s leads to %q, %v, %v; expected %q", link, got, ok, err, want)
		}
	}
}

// linking is a change of three records and a link, both named after the version that it makes.
func linking(id string, expect uint64) store.Change {
	c := store.Change{ID: id, Expect: expect, State: []byte("s"), Links: []string{linkOf(id, expect+1)}}
	for i := range 3 {
		c.Records = append(c.Records, event(fmt.Sprintf("%s %d", c.Links[0], i)))
	}
	return c
}

func linkOf(id string, version uint64) string { return fmt.Sprintf("%s@%d", id, version) }

// checkLinked checks that a link leads to the first entry of its commit.
func checkLinked(t testing.TB, d store.Driver, id string, version uint64) {
	t.Helper()
	shard, link := store.ShardOf(id, d.Shards()), linkOf(id, version)
	who, after, ok, err := d.Link(t.Context(), shard, link)
	if who != id || !ok || after == "" || err != nil {
		t.Errorf("link %s leads to %q after %q, %v, %v", link, who, after, ok, err)
		return
	}
	page, err := d.ReadJournal(t.Context(), shard, after, 3)
	if err != nil || len(page) != 3 {
		t.Errorf("%d entries, %v, are where link %s leads; expected 3", len(page), err, link)
	}
	for i, e := range page {
		if want := fmt.Sprintf("%s %d", link, i); e.Customer != id || e.Version != version || string(e.Data) != want {
			t.Errorf("entry %d where link %s leads is %q of %q, version %d", i, link, e.Data, e.Customer, e.Version)
		}
	}
}

func testLinkedEntries(t *testing.T, d store.Driver) {
	const rounds = 20
	ids := append(neighbours(d, 3), "bytes\x00\xff")
	for v := range uint64(rounds) {
		var changes []store.Change
		for _, id := range ids { // most of them in one commit
			changes = append(changes, linking(id, v))
		}
		changes = append(changes, linking(ids[0], rounds+5)) // a conflict leaves no trace
		commit(t, d, changes...)
	}
	for v := range uint64(rounds) {
		for _, id := range ids {
			checkLinked(t, d, id, v+1)
		}
	}
	again := linking(ids[0], rounds)
	again.Links = append(again.Links, linkOf(ids[1], 1)) // a link that is committed again leads to the newest
	must(t, d, again)
	checkLinked(t, d, ids[0], rounds+1)
	shard := store.ShardOf(ids[0], d.Shards())
	_, newest, _, err := d.Link(t.Context(), shard, linkOf(ids[0], rounds+1))
	if err != nil {
		t.Fatal(err)
	}
	if who, after, ok, err := d.Link(t.Context(), shard, linkOf(ids[1], 1)); who != ids[0] || after != newest || !ok || err != nil {
		t.Errorf("a link that was committed again leads to %q after %q, %v, %v; expected %q after %q", who, after, ok, err, ids[0], newest)
	}
}

// testLinksOutliveEntries has links whose entries are gone: they may be gone too, and lead to no entry that looks like theirs.
func testLinksOutliveEntries(t *testing.T, d store.Driver) {
	const rounds = 10
	ids := neighbours(d, 2)
	for v := range uint64(rounds) {
		must(t, d, linking(ids[0], v), linking(ids[1], v))
	}
	trim(t, d, ids[0], 6*rounds/2, "")
	if _, err := d.Scrub(t.Context(), ids[1], rounds-1); err != nil {
		t.Fatal(err)
	}
	shard := store.ShardOf(ids[0], d.Shards())
	for _, id := range ids {
		for v := range uint64(rounds) {
			who, after, ok, err := d.Link(t.Context(), shard, linkOf(id, v+1))
			if err != nil || ok && who != id {
				t.Errorf("link %s leads to %q, %v", linkOf(id, v+1), who, err)
			}
			kept := v >= rounds/2 && id == ids[0] || v == rounds-1
			if kept {
				checkLinked(t, d, id, v+1)
			}
			if !ok || kept {
				continue
			}
			page, err := d.ReadJournal(t.Context(), shard, after, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				if e.Customer == id && e.Version <= v+1 {
					t.Errorf("the entries of link %s are gone, and it leads to %q", linkOf(id, v+1), e.Data)
				}
			}
		}
	}
}
