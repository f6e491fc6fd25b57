package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/internal/cell"
)

// commit is a batch being made. It remembers what earlier changes of the batch did, because the database does not show it yet.
type commit struct {
	d        *Driver
	batch    *pebble.Batch
	seq      uint64
	versions map[store.IDHash]uint64
	// timers holds, by key, when a timer that this batch set is handed out, or cancelled.
	timers map[string]int64
	// links holds the links that this batch made.
	links map[store.IDHash][]string
}

// cancelled marks a timer that this batch has removed.
const cancelled = -1 << 63

// Commit implements store.Driver.
func (d *Driver) Commit(ctx context.Context, _ int, changes []store.Change, outcomes []error) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.open.RUnlock()
	d.write.Lock()
	defer d.write.Unlock()

	c := &commit{
		d:        d,
		batch:    d.db.NewBatch(),
		seq:      d.lastSeq,
		versions: make(map[store.IDHash]uint64, len(changes)),
		timers:   map[string]int64{},
		links:    map[store.IDHash][]string{},
	}
	defer func() { _ = c.batch.Close() }()
	for i := range changes {
		ok, err := c.change(&changes[i])
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		if outcomes[i] = nil; !ok {
			outcomes[i] = store.ErrConflict
		}
	}
	return c.write()
}

func (c *commit) write() error {
	if c.batch.Empty() {
		return nil
	}
	if c.seq != c.d.lastSeq {
		c.set(keySequence, binary.BigEndian.AppendUint64(nil, c.seq))
	}
	c.d.lastSeq = c.seq
	if err := c.batch.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("commit to pebble: %w", err)
	}
	c.d.durable.Store(c.seq)
	return nil
}

// change adds one change to the batch, and says false when it conflicts.
func (c *commit) change(change *store.Change) (bool, error) {
	hash := store.HashID(change.ID)
	version, err := c.version(hash)
	if err != nil {
		return false, err
	}
	if version != change.Expect {
		return false, nil
	}
	if change.Erase {
		err = c.erase(hash)
	}
	c.set(cellKey(hash), cell.Encode(change))
	c.versions[hash] = change.Expect + 1
	first := c.seq + 1
	for _, r := range change.Records {
		c.seq++
		c.set(seqKey(prefixJournal, c.seq), encodeEntry(change.ID, change.Expect+1, r))
	}
	for _, link := range change.Links {
		c.link(hash, first, change.ID, link)
	}
	for _, t := range change.Timers {
		if err == nil {
			err = c.timer(hash, change.ID, t)
		}
	}
	return true, err
}

func (c *commit) version(hash store.IDHash) (uint64, error) {
	if v, ok := c.versions[hash]; ok {
		return v, nil
	}
	value, closer, err := c.d.db.Get(cellKey(hash))
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	snapshot, err := cell.Decode(value)
	if closeErr := closer.Close(); err == nil {
		err = closeErr
	}
	return snapshot.Version, err
}

// link adds a link to the commit whose first entry has this number.
func (c *commit) link(hash store.IDHash, first uint64, id, link string) {
	c.set(linkKey(link), encodeLink(first, id))
	c.set(hashLinkKey(hash, link), nil)
	c.set(linkAgeKey(first, link), hash[:])
	c.links[hash] = append(c.links[hash], link)
}

func (c *commit) timer(hash store.IDHash, id string, change store.TimerChange) error {
	if err := c.unschedule(hash, change.Name); err != nil {
		return err
	}
	key := timerKey(hash, change.Name)
	if change.Due.IsZero() {
		c.delete(key)
		c.timers[string(key)] = cancelled
		return nil
	}
	next := change.Due.UnixMilli()
	c.set(key, encodeTimer(storedTimer{next: next, Timer: store.Timer{
		Customer: id,
		Due:      time.UnixMilli(next),
		Payload:  change.Payload,
	}}))
	due := dueKey(next, hash, change.Name)
	c.d.waits(due)
	c.set(due, nil)
	c.timers[string(key)] = next
	return nil
}

// unschedule takes a timer out of the order of due timers, wherever it stands there now.
func (c *commit) unschedule(hash store.IDHash, name string) error {
	key := timerKey(hash, name)
	next, ok := c.timers[string(key)]
	if !ok {
		value, err := c.d.get(key)
		if err != nil || value == nil {
			return err
		}
		t, err := decodeTimer(name, value)
		if err != nil {
			return err
		}
		next = t.next
	}
	if next != cancelled {
		c.delete(dueKey(next, hash, name))
	}
	return nil
}

// set and delete only fail on a batch that is already committed, so their errors say nothing.
func (c *commit) set(key, value []byte) { _ = c.batch.Set(key, value, nil) }
func (c *commit) delete(key []byte)     { _ = c.batch.Delete(key, nil) }
