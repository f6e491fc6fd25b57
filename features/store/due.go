package store

import (
	"context"
	"time"
)

// dueFinder is a driver that finds shards with due timers at the cost of few round trips.
type dueFinder interface {
	// DueShards is Store.DueShards.
	DueShards(ctx context.Context, now time.Time) ([]int, error)
}

// DueShards lists the shards, in ascending order, of which timers may be due at now: all that have any, and where it costs nothing
// to ask the shards themselves, the others too. It is how a server that waits for timers finds out, at little cost, which shards to
// claim from.
func (s *Store) DueShards(ctx context.Context, now time.Time) ([]int, error) {
	if finder, ok := s.Driver.(dueFinder); ok {
		return finder.DueShards(ctx, now)
	}
	all := make([]int, s.Shards())
	for shard := range all {
		all[shard] = shard
	}
	return all, ctx.Err()
}
