package replay_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/archive"
	"github.com/halfstep-ml/halfstep/features/store/memory"
)

// commit appends a record of every event to the journal of a store, a customer's in their order. versions are those of the store's
// customers.
func commit(t *testing.T, s *memory.Driver, versions map[string]uint64, kind store.RecordKind, events []event.Event) {
	t.Helper()
	for i := range events {
		id := events[i].Key()
		outcomes := make([]error, 1)
		change := store.Change{ID: id, Expect: versions[id], State: []byte{1}, Records: []store.Record{
			{Kind: kind, Data: events[i].AppendJSON(nil)},
			{Kind: store.RecordDecision, Data: []byte("{}")},
			{Kind: store.RecordOutcome, Data: []byte("{}")},
			{Kind: store.RecordTimers, Data: []byte("{}")},
		}}
		require.NoError(t, s.Commit(t.Context(), store.ShardOf(id, s.Shards()), []store.Change{change}, outcomes))
		require.NoError(t, outcomes[0])
		versions[id]++
	}
}

func TestTheJournalReplaysAsItsFilesDo(t *testing.T) {
	events := history(8, 30, 3000)
	s := memory.New(4)
	commit(t, s, map[string]uint64{}, store.RecordEvent, events)
	d := definition(t, afterViews)
	expected, counts := run(t, input(t, events), d, replay.Options{})
	got, again := run(t, replay.Journal(s), d, replay.Options{})
	same(t, expected, got)
	assert.Equal(t, counts, again)
}

func TestAMergeIsNotPassedOver(t *testing.T) {
	s := memory.New(1)
	commit(t, s, map[string]uint64{}, store.RecordMerge, history(9, 1, 1))
	_, err := replay.Profiles(t.Context(), replay.Journal(s), features.Default(), replay.Options{}, func(string, *features.State) error { return nil })
	require.ErrorContains(t, err, `customer "c0" was merged with another`)
}

// TestAnArchiveAndItsJournalAreOneHistory archives part of a journal, trims some of that, and goes on.
func TestAnArchiveAndItsJournalAreOneHistory(t *testing.T) {
	events := history(10, 30, 3000)
	s := memory.New(4)
	versions := map[string]uint64{}
	folder := filepath.Join(t.TempDir(), "archive")
	a, err := archive.Open(folder)
	require.NoError(t, err)
	commit(t, s, versions, store.RecordEvent, events[:2000])
	_, err = a.Copy(t.Context(), s)
	require.NoError(t, err)
	require.NoError(t, a.Close())
	for shard := range s.Shards() {
		_, err := s.TrimJournal(t.Context(), shard, 100, "")
		require.NoError(t, err)
	}
	commit(t, s, versions, store.RecordEvent, events[2000:])

	d := definition(t, afterViews)
	expected, counts := run(t, input(t, events), d, replay.Options{})
	got, again := run(t, replay.Archived(folder, s), d, replay.Options{})
	same(t, expected, got)
	assert.Equal(t, counts, again)

	expected, _ = run(t, input(t, events[:2000]), d, replay.Options{})
	got, _ = run(t, replay.Archived(folder, nil), d, replay.Options{})
	same(t, expected, got)
}
