package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

// Spend implements store.Driver.
func (d *Driver) Spend(ctx context.Context, key, token string, limit int64, expires time.Time) (bool, error) {
	if err := d.enter(ctx); err != nil {
		return false, err
	}
	defer d.open.RUnlock()
	keep := max(expires.UnixMilli(), time.Now().Add(store.CounterGrace).UnixMilli())
	done, err := spendScript.run(ctx, d.client, d.counterKey(key), token, limit, keep).Int()
	if err != nil {
		return false, fmt.Errorf("spend from %s: %w", key, err)
	}
	return done == 1, nil
}

// Refund implements store.Driver.
func (d *Driver) Refund(ctx context.Context, key, token string) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.open.RUnlock()
	if err := d.client.SRem(ctx, d.counterKey(key), token).Err(); err != nil {
		return fmt.Errorf("refund to %s: %w", key, err)
	}
	return nil
}

// Spent implements store.Driver.
func (d *Driver) Spent(ctx context.Context, key string) (int64, error) {
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.open.RUnlock()
	n, err := d.client.SCard(ctx, d.counterKey(key)).Result()
	if err != nil {
		return 0, fmt.Errorf("count what is spent from %s: %w", key, err)
	}
	return n, nil
}
