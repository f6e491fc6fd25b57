package pebblestore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/halfstep-ml/halfstep/features/store"
)

// dueHead is the length of a due key before the name: prefix, instant, hash.
const dueHead = 1 + 8 + hashSize

// ClaimTimers implements store.Driver.
func (d *Driver) ClaimTimers(
	ctx context.Context, _ int, now time.Time, lease time.Duration, limit int,
) ([]store.Timer, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	d.write.Lock()
	defer d.write.Unlock()
	batch := d.db.NewBatch()
	defer func() { _ = batch.Close() }()

	var out []store.Timer
	until, end := now.Add(lease).UnixMilli(), dueBound(now.UnixMilli()+1)
	var again [][]byte // where the claimed ones stand then
	err := d.scan(ctx, d.dueFrom, end, func(key, _ []byte) (bool, error) {
		if len(out) == limit {
			end = slices.Clone(key)
			return false, nil
		}
		hash, name := store.IDHash(key[dueHead-hashSize:dueHead]), string(key[dueHead:])
		value, err := d.get(timerKey(hash, name))
		if err != nil {
			return false, err
		}
		t, err := decodeTimer(name, value)
		if err != nil {
			return false, err
		}
		out = append(out, t.Timer)
		t.next = until
		_ = batch.Delete(key, nil)
		again = append(again, dueKey(until, hash, name))
		_ = batch.Set(again[len(again)-1], nil, nil)
		_ = batch.Set(timerKey(hash, name), encodeTimer(t), nil)
		return true, nil
	})
	if err == nil && !batch.Empty() {
		// A claim that a crash forgets is handed out again, as one whose claimant crashed would be: no need to wait for the disk.
		err = batch.Commit(pebble.NoSync)
	}
	if err != nil {
		return nil, fmt.Errorf("claim timers: %w", err)
	}
	if bytes.Compare(end, d.dueFrom) > 0 { // else the clock was set back
		d.dueFrom = end
	}
	for _, key := range again {
		d.waits(key)
	}
	return out, nil
}

// waits notes that there is a timer at a due key, or will be.
func (d *Driver) waits(key []byte) {
	if bytes.Compare(key, d.dueFrom) < 0 {
		d.dueFrom = key
	}
}
