package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
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
	// Every is how often the shards are looked at.
	Every time.Duration
	// Archive, when there is one, is never overtaken: what it has not copied stays, however much that is.
	Archive Archive
}

// trimLoop trims until the store is closed.
func (s *Store) trimLoop(t Trim) {
	ticker := time.NewTicker(t.Every)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop.Done():
			return
		case <-ticker.C:
		}
		removed, err := s.TrimAll(s.stop, t)
		switch {
		case err != nil && s.stop.Err() == nil:
			slog.Warn("journal not trimmed, trying again later", "error", err, "again_in", t.Every)
		case removed > 0:
			slog.Debug("journal trimmed", "entries", removed)
		}
	}
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
