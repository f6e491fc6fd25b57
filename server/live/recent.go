package live

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/halfstep-ml/halfstep/features/store"
)

// Record is an entry of the journal about a customer, as JSON.
type Record struct {
	Kind store.RecordKind
	Data json.RawMessage
}

// journalPage is how many entries are read at once.
const journalPage = 1000

// Recent returns the last records of a customer that the journal still has, at most limit, the newest last. It reads through the
// journal of the customer's whole shard, so it is for people who look at one customer, not for a request path.
func (e *Engine) Recent(ctx context.Context, id string, limit int) ([]Record, error) {
	shard := store.ShardOf(id, e.store.Shards())
	last := []Record{}
	for cursor := ""; ; {
		entries, err := e.store.ReadJournal(ctx, shard, cursor, journalPage)
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		for i := range entries {
			if entries[i].Customer == id {
				last = append(last, Record{Kind: entries[i].Kind, Data: entries[i].Data})
			}
		}
		if len(last) > limit {
			last = append([]Record{}, last[len(last)-limit:]...)
		}
		if len(entries) < journalPage {
			return last, nil
		}
		cursor = entries[len(entries)-1].Cursor
	}
}
