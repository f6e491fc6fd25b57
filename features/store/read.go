package store

import "context"

// manyReader is a driver that reads many shards at the cost of few round trips.
type manyReader interface {
	// ReadJournals is Store.ReadJournals.
	ReadJournals(ctx context.Context, after []string, limit int, page func(shard int, entries []Entry) error) error
}

// ReadJournals looks in every shard once: page gets up to limit entries of a shard after the cursor after[shard], unless there are none.
// It is how a reader that waits for what comes finds out, at little cost, where something did. An error of page ends it.
func (s *Store) ReadJournals(ctx context.Context, after []string, limit int, page func(shard int, entries []Entry) error) error {
	if many, ok := s.Driver.(manyReader); ok {
		return many.ReadJournals(ctx, after, limit, page)
	}
	for shard := range after {
		entries, err := s.ReadJournal(ctx, shard, after[shard], limit)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			continue
		}
		if err := page(shard, entries); err != nil {
			return err
		}
	}
	return nil
}
