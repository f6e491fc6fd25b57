package store

import (
	"context"
	"errors"
	"fmt"
)

// Archive says how far the journal has been copied elsewhere.
type Archive interface {
	// Archived returns the cursor of the last entry of a shard that is safe in the archive; ok is false when there is none.
	Archived(shard int) (cursor string, ok bool)
}

// Trim bounds the journal.
type Trim struct {
	// Keep is how many entries stay in a shard.
	Keep int
	// Archive, when there is one, is never overtaken: what it has not copied stays, however much that is.
	Archive Archive
}

// TrimAll trims every shard once. A shard that fails does not keep the others from being trimmed.
func (s *Store) TrimAll(ctx context.Context, t Trim) (removed int, err error) {
	for shard := range s.Shards() {
		upTo := ""
		if t.Archive != nil {
			var ok bool
			if upTo, ok = t.Archive.Archived(shard); !ok {
				continue
			}
		}
		n, trimErr := s.TrimJournal(ctx, shard, t.Keep, upTo)
		removed += n
		if trimErr != nil {
			err = errors.Join(err, fmt.Errorf("shard %d: %w", shard, trimErr))
		}
		if ctx.Err() != nil {
			return removed, err
		}
	}
	return removed, err
}
