package redisstore

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/halfstep-ml/halfstep/features/store"
)

// journalsPipe is how many shards are looked at in one pipeline: what their pages hold is in memory at once.
const journalsPipe = 256

// ReadJournals reads on in all shards, many in a pipeline: a shard in which nothing is new costs a hundredth of what it costs alone.
func (d *Driver) ReadJournals(ctx context.Context, after []string, limit int, page func(shard int, entries []store.Entry) error) error {
	for first := 0; first < len(after); first += journalsPipe {
		some := after[first:min(first+journalsPipe, len(after))]
		found, err := d.readSome(ctx, first, some, limit)
		if err != nil {
			return err
		}
		for i, c := range found {
			if len(c.Val()) == 0 {
				continue
			}
			read, err := entries(c.Val())
			if err != nil {
				return err
			}
			if err := page(first+i, read); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Driver) readSome(ctx context.Context, first int, after []string, limit int) ([]*redis.XMessageSliceCmd, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	pipe := d.client.Pipeline()
	found := make([]*redis.XMessageSliceCmd, len(after))
	for i, cursor := range after {
		from := "-"
		if cursor != "" {
			id, err := streamID(cursor)
			if err != nil {
				return nil, err
			}
			from = "(" + id
		}
		found[i] = pipe.XRangeN(ctx, d.bases[first+i]+"j", from, "+", int64(limit))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the journals of %d shards: %w", len(after), err)
	}
	return found, nil
}
