package memory

import (
	"context"
	"maps"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

// counter is what is taken under a key.
type counter struct {
	tokens map[string]struct{}
	keep   time.Time // it may be forgotten after this
}

// Spend implements store.Driver.
func (d *Driver) Spend(ctx context.Context, key, token string, limit int64, expires time.Time) (bool, error) {
	if err := d.lock(ctx); err != nil {
		return false, err
	}
	defer d.mu.Unlock()
	c := d.counters[key]
	if c == nil {
		now := time.Now()
		maps.DeleteFunc(d.counters, func(_ string, c *counter) bool { return c.keep.Before(now) })
		c = &counter{tokens: map[string]struct{}{}}
	}
	if _, ok := c.tokens[token]; ok {
		return true, nil
	}
	if int64(len(c.tokens)) >= limit {
		return false, nil
	}
	c.tokens[token] = struct{}{}
	for _, keep := range []time.Time{expires, time.Now().Add(store.CounterGrace)} {
		if keep.After(c.keep) {
			c.keep = keep
		}
	}
	d.counters[key] = c
	return true, nil
}

// Refund implements store.Driver.
func (d *Driver) Refund(ctx context.Context, key, token string) error {
	if err := d.lock(ctx); err != nil {
		return err
	}
	defer d.mu.Unlock()
	if c := d.counters[key]; c != nil {
		delete(c.tokens, token)
	}
	return nil
}

// Spent implements store.Driver.
func (d *Driver) Spent(ctx context.Context, key string) (int64, error) {
	if err := d.rlock(ctx); err != nil {
		return 0, err
	}
	defer d.mu.RUnlock()
	c := d.counters[key]
	if c == nil {
		return 0, nil
	}
	return int64(len(c.tokens)), nil
}
