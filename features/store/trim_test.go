package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
)

// archived is an archive that has copied up to a cursor.
type archived struct{ cursor atomic.Value }

func (a *archived) Archived(int) (string, bool) {
	cursor, ok := a.cursor.Load().(string)
	return cursor, ok && cursor != ""
}

func TestTrimBoundsTheJournalBehindTheArchive(t *testing.T) {
	archive := &archived{}
	s := store.New(memory.New(1))
	defer func() { _ = s.Close() }()
	for version := range uint64(50) {
		c := change("a", version)
		c.Records = []store.Record{{Kind: store.RecordEvent, Data: fmt.Append(nil, version)}}
		if err := s.Commit(t.Context(), []store.Change{c}, make([]error, 1)); err != nil {
			t.Fatal(err)
		}
	}
	left := func() int {
		t.Helper()
		entries, err := s.ReadJournal(t.Context(), 0, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	entries, err := s.ReadJournal(t.Context(), 0, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		archived string
		left     int
	}{{"", 50}, {entries[14].Cursor, 35}, {entries[49].Cursor, 10}} {
		archive.cursor.Store(step.archived)
		if _, err := s.TrimAll(t.Context(), store.Trim{Keep: 10, Archive: archive}); err != nil {
			t.Fatal(err)
		}
		if got := left(); got != step.left {
			t.Errorf("with %q archived, %d entries are left, expected %d", step.archived, got, step.left)
		}
	}
}
