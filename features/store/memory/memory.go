// Package memory is a store that lives and dies with the process: for replay and for tests.
package memory

import (
	"bytes"
	"context"
	"maps"
	"sync"

	"github.com/halfstep-ml/halfstep/features/store"
)

// Driver is a store.Driver in maps, behind one lock.
type Driver struct {
	mu         sync.RWMutex
	closed     bool
	customers  map[string]*customer
	tombstones map[store.IDHash]store.Snapshot
	shards     []shard
	meta       map[string][]byte
	counters   map[string]*counter
}

type customer struct {
	state   []byte
	version uint64
}

type shard struct {
	lastSeq uint64
	journal []entry
	timers  map[timerKey]*timer
	links   map[string]link
}

type link struct {
	customer string
	first    uint64 // the number of the first entry of its commit
}

var _ store.Driver = (*Driver)(nil)

// New returns an empty store of so many shards, at least one.
func New(shards int) *Driver {
	d := &Driver{
		customers:  map[string]*customer{},
		tombstones: map[store.IDHash]store.Snapshot{},
		shards:     make([]shard, max(shards, 1)),
		meta:       map[string][]byte{},
		counters:   map[string]*counter{},
	}
	for i := range d.shards {
		d.shards[i].timers = map[timerKey]*timer{}
		d.shards[i].links = map[string]link{}
	}
	return d
}

// Shards is the number given to New.
func (d *Driver) Shards() int { return len(d.shards) }

// Load implements store.Driver.
func (d *Driver) Load(ctx context.Context, ids []string, out []store.Snapshot) error {
	if err := d.rlock(ctx); err != nil {
		return err
	}
	defer d.mu.RUnlock()
	for i, id := range ids {
		out[i] = d.snapshot(id)
	}
	return nil
}

func (d *Driver) snapshot(id string) store.Snapshot {
	if c, ok := d.customers[id]; ok {
		return store.Snapshot{State: c.state, Version: c.version}
	}
	if len(d.tombstones) == 0 {
		return store.Snapshot{}
	}
	return d.tombstones[store.HashID(id)]
}

// Commit implements store.Driver.
func (d *Driver) Commit(ctx context.Context, n int, changes []store.Change, outcomes []error) error {
	if err := d.lock(ctx); err != nil {
		return err
	}
	defer d.mu.Unlock()
	s := &d.shards[n]
	for i := range changes {
		c := &changes[i]
		if d.snapshot(c.ID).Version != c.Expect {
			outcomes[i] = store.ErrConflict
			continue
		}
		outcomes[i] = nil
		if c.Erase {
			d.erase(s, c)
		} else {
			d.apply(s, c)
		}
	}
	return nil
}

func (d *Driver) apply(s *shard, c *store.Change) {
	cust, ok := d.customers[c.ID]
	if !ok {
		cust = &customer{}
		d.customers[c.ID] = cust
		if len(d.tombstones) > 0 {
			delete(d.tombstones, store.HashID(c.ID))
		}
	}
	cust.state, cust.version = bytes.Clone(c.State), c.Expect+1
	first := s.lastSeq + 1
	for _, r := range c.Records {
		s.append(c.ID, cust.version, r)
	}
	for _, t := range c.Timers {
		s.setTimer(c.ID, t)
	}
	for _, l := range c.Links {
		s.links[l] = link{customer: c.ID, first: first}
	}
}

func (d *Driver) erase(s *shard, c *store.Change) {
	maps.DeleteFunc(s.links, func(_ string, l link) bool { return l.customer == c.ID })
	maps.DeleteFunc(s.timers, func(key timerKey, _ *timer) bool { return key.customer == c.ID })
	delete(d.customers, c.ID)
	d.tombstones[store.HashID(c.ID)] = store.Snapshot{
		Version:   c.Expect + 1,
		Tombstone: append([]byte{}, c.Tombstone...),
	}
}

// Link implements store.Driver.
func (d *Driver) Link(ctx context.Context, n int, name string) (id, after string, ok bool, err error) {
	if err := d.rlock(ctx); err != nil {
		return "", "", false, err
	}
	defer d.mu.RUnlock()
	l, ok := d.shards[n].links[name]
	if !ok {
		return "", "", false, nil
	}
	return l.customer, cursor(l.first - 1), true, nil
}

// Meta implements store.Driver.
func (d *Driver) Meta(ctx context.Context, key string) ([]byte, error) {
	if err := d.rlock(ctx); err != nil {
		return nil, err
	}
	defer d.mu.RUnlock()
	return bytes.Clone(d.meta[key]), nil
}

// SetMeta implements store.Driver.
func (d *Driver) SetMeta(ctx context.Context, key string, old, value []byte) (bool, error) {
	if err := d.lock(ctx); err != nil {
		return false, err
	}
	defer d.mu.Unlock()
	current, ok := d.meta[key]
	if ok != (old != nil) || !bytes.Equal(current, old) {
		return false, nil
	}
	d.meta[key] = append([]byte{}, value...)
	return true, nil
}

// Ping implements store.Driver.
func (d *Driver) Ping(ctx context.Context) error {
	if err := d.rlock(ctx); err != nil {
		return err
	}
	d.mu.RUnlock()
	return nil
}

// Close forgets everything.
func (d *Driver) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.customers, d.tombstones, d.meta, d.counters = nil, nil, nil, nil
	clear(d.shards)
	return nil
}

func (d *Driver) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return store.ErrClosed
	}
	return nil
}

func (d *Driver) rlock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.RLock()
	if d.closed {
		d.mu.RUnlock()
		return store.ErrClosed
	}
	return nil
}
