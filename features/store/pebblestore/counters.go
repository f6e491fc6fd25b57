package pebblestore

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/halfstep-ml/halfstep/features/store"
)

// counter is how many are taken under a key, and until when (Unix milliseconds) that is kept at least.
type counter struct {
	taken int64
	keep  int64
}

// Spend implements store.Driver.
func (d *Driver) Spend(ctx context.Context, key, token string, limit int64, expires time.Time) (ok bool, err error) {
	if err := d.enter(ctx); err != nil {
		return false, err
	}
	defer d.open.RUnlock()
	err = d.count(func(batch *pebble.Batch) error {
		ok, err = d.spend(ctx, batch, key, token, limit, max(expires.UnixMilli(), time.Now().Add(store.CounterGrace).UnixMilli()))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("spend from %s: %w", key, err)
	}
	return ok, nil
}

// spend adds to the batch what a token takes, if there is any left.
func (d *Driver) spend(ctx context.Context, batch *pebble.Batch, key, token string, limit, keep int64) (bool, error) {
	row := tokenKey(key, token)
	if held, err := d.get(row); err != nil || held != nil {
		return held != nil, err
	}
	c, err := d.counter(key)
	if err != nil || c.taken >= limit {
		return false, err
	}
	if c.keep == 0 {
		if err := d.forget(ctx, batch, time.Now().UnixMilli()); err != nil {
			return false, err
		}
	}
	_ = batch.Set(row, nil, nil)
	_ = batch.Set(counterKey(key), encodeCounter(counter{c.taken + 1, max(c.keep, keep)}), nil)
	return true, nil
}

// Refund implements store.Driver.
func (d *Driver) Refund(ctx context.Context, key, token string) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.open.RUnlock()
	err := d.count(func(batch *pebble.Batch) error {
		row := tokenKey(key, token)
		held, err := d.get(row)
		if err != nil || held == nil {
			return err
		}
		c, err := d.counter(key)
		if err != nil {
			return err
		}
		c.taken--
		_ = batch.Delete(row, nil)
		_ = batch.Set(counterKey(key), encodeCounter(c), nil)
		return nil
	})
	if err != nil {
		return fmt.Errorf("refund to %s: %w", key, err)
	}
	return nil
}

// count applies a change of counters. Those that come together are synced together: the lock is held until the change can be seen,
// and not until it is on disk.
func (d *Driver) count(change func(*pebble.Batch) error) error {
	batch := d.db.NewBatch()
	defer func() { _ = batch.Close() }()
	if err := d.countLocked(batch, change); err != nil || batch.Empty() {
		return err
	}
	return batch.SyncWait()
}

func (d *Driver) countLocked(batch *pebble.Batch, change func(*pebble.Batch) error) error {
	d.counting.Lock()
	defer d.counting.Unlock()
	if err := change(batch); err != nil || batch.Empty() {
		return err
	}
	return d.db.ApplyNoSyncWait(batch, pebble.Sync)
}

// Spent implements store.Driver.
func (d *Driver) Spent(ctx context.Context, key string) (int64, error) {
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.open.RUnlock()
	c, err := d.counter(key)
	if err != nil {
		return 0, fmt.Errorf("count what is spent from %s: %w", key, err)
	}
	return c.taken, nil
}

// counter reads a counter; the zero counter has never been taken from.
func (d *Driver) counter(key string) (counter, error) {
	value, err := d.get(counterKey(key))
	if err != nil || value == nil {
		return counter{}, err
	}
	return decodeCounter(value)
}

// forget adds to the batch the removal of the counters that need not be kept any longer.
func (d *Driver) forget(ctx context.Context, batch *pebble.Batch, now int64) error {
	from := []byte{prefixCounter}
	return d.scan(ctx, from, after(from), func(key, value []byte) (bool, error) {
		c, err := decodeCounter(value)
		if err == nil && c.keep < now {
			tokens := tokenKey(string(key[1:]), "")
			_ = batch.DeleteRange(tokens, after(tokens), nil)
			_ = batch.Delete(key, nil)
		}
		return true, err
	})
}

func encodeCounter(c counter) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(c.taken)), uint64(c.keep))
}

func decodeCounter(b []byte) (counter, error) {
	r := reader{b: b}
	c := counter{taken: int64(r.uint64()), keep: int64(r.uint64())}
	return c, r.err
}
