package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/halfstep-ml/halfstep/features/store"
)

// ClaimTimers implements store.Driver.
func (d *Driver) ClaimTimers(
	ctx context.Context, shard int, now time.Time, lease time.Duration, limit int,
) ([]store.Timer, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	base := d.bases[shard]
	answer, err := claimScript.run(ctx, d.client, base+"due",
		base, now.UnixMilli(), now.Add(lease).UnixMilli(), limit).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("claim timers: %w", err)
	}
	out := make([]store.Timer, len(answer)/3)
	for i := range out {
		if out[i], err = timer(answer[3*i], answer[3*i+1], answer[3*i+2]); err != nil {
			return nil, fmt.Errorf("claim timers: %w", err)
		}
	}
	return out, nil
}

// duePipe is how many shards are looked at in one pipeline.
const duePipe = 256

// DueShards lists the shards that have timers to hand out at now. It looks at many in a pipeline, so that waiting for timers costs
// little: a claim for each shard is a round trip for each.
func (d *Driver) DueShards(ctx context.Context, now time.Time) ([]int, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	until := strconv.FormatInt(now.UnixMilli(), 10)
	var due []int
	for first := 0; first < len(d.bases); first += duePipe {
		bases := d.bases[first:min(first+duePipe, len(d.bases))]
		pipe := d.client.Pipeline()
		counts := make([]*redis.IntCmd, len(bases))
		for i, base := range bases {
			counts[i] = pipe.ZCount(ctx, base+"due", "-inf", until)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, fmt.Errorf("find due timers of %d shards: %w", len(bases), err)
		}
		for i, count := range counts {
			if count.Val() > 0 {
				due = append(due, first+i)
			}
		}
	}
	return due, nil
}

func timer(customer, name, value string) (store.Timer, error) {
	text, payload, ok := strings.Cut(value, ":")
	due, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil {
		return store.Timer{}, fmt.Errorf("timer %s is %q, expected its due time and a payload", name, value)
	}
	return store.Timer{Customer: customer, Name: name, Due: time.UnixMilli(due).UTC(), Payload: []byte(payload)}, nil
}
