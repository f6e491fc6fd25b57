package replay_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
)

// commit appends a record of every event to the journal of a store, a customer's in their order.
func commit(t *testing.T, s *memory.Driver, kind store.RecordKind, events []event.Event) {
	t.Helper()
	versions := map[string]uint64{}
	for i := range events {
		id := events[i].Key()
		outcomes := make([]error, 1)
		change := store.Change{ID: id, Expect: versions[id], State: []byte{1}, Records: []store.Record{
			{Kind: kind, Data: events[i].AppendJSON(nil)},
			{Kind: store.RecordDecision, Data: []byte("{}")},
		}}
		require.NoError(t, s.Commit(context.Background(), store.ShardOf(id, s.Shards()), []store.Change{change}, outcomes))
		require.NoError(t, outcomes[0])
		versions[id]++
	}
}

func TestTheJournalReplaysAsItsFilesDo(t *testing.T) {
	events := history(8, 30, 3000)
	s := memory.New(4)
	commit(t, s, store.RecordEvent, events)
	d := definition(t, afterViews)
	expected, counts := run(t, input(t, events), d, replay.Options{})
	got, again := run(t, replay.Journal(s), d, replay.Options{})
	same(t, expected, got)
	assert.Equal(t, counts, again)
}

func TestAMergeIsNotPassedOver(t *testing.T) {
	s := memory.New(1)
	commit(t, s, store.RecordMerge, history(9, 1, 1))
	_, err := replay.Profiles(context.Background(), replay.Journal(s), features.Default(), replay.Options{}, func(string, *features.State) error { return nil })
	require.ErrorContains(t, err, `customer "c0" was merged with another`)
}
