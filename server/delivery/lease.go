package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/halfstep-ml/halfstep/server/metrics"
)

// lease is what the store holds of a shard: who sends from it, until when, and how far each webhook got. A webhook that is not
// configured here keeps its place: another server may know it.
type lease struct {
	Holder  string            `json:"holder"`
	Until   int64             `json:"until"` // Unix milliseconds
	Cursors map[string]string `json:"cursors"`
}

func leaseKey(shard int) string { return fmt.Sprintf("delivery/lease/%d", shard) }

// held is a shard that this server sends from.
type held struct {
	lease
	stored []byte // as it stands in the store
	lanes  map[string]*lane
	stop   context.CancelFunc
}

// keeper takes and keeps leases. Losing one to a server with another clock costs messages sent twice, never one left out: cursors are
// only written by whoever still finds the lease as it wrote it.
type keeper struct {
	journal  journal
	meta     meta
	webhooks []*webhook
	dead     *deadLetters
	timing   timing
	name     string // of this server
	metrics  *metrics.Delivery
	log      *slog.Logger
	now      func() time.Time

	shards  []atomic.Pointer[held] // nil: not held; written by the keeper's goroutine alone
	next    time.Time              // when to look for leases that are free
	failing bool
	work    sync.WaitGroup // lanes
}

func newKeeper(o *Options, dead *deadLetters) *keeper {
	return &keeper{
		journal: o.Store, meta: o.Store, dead: dead, timing: o.timing, name: ulid.Make().String(), metrics: o.Metrics, log: o.Log, now: o.Now,
		shards: make([]atomic.Pointer[held], o.Store.Shards()),
	}
}

// run keeps leases until ctx is done, then ends the lanes and gives the leases back with their cursors.
func (k *keeper) run(ctx context.Context) {
	ticker := time.NewTicker(k.timing.keep)
	defer ticker.Stop()
	for {
		k.tick(ctx)
		select {
		case <-ctx.Done():
			k.release(context.WithoutCancel(ctx))
			return
		case <-ticker.C:
		}
	}
}

// tick looks after every shard once. The first error of the store ends the round: the others would wait for nothing.
func (k *keeper) tick(ctx context.Context) {
	k.dropExpired()
	look := !k.now().Before(k.next)
	count := 0
	for shard := range k.shards {
		h := k.shards[shard].Load()
		var err error
		switch {
		case h != nil:
			err = k.renew(ctx, shard, h)
		case look:
			err = k.acquire(ctx, shard)
		}
		if err != nil {
			k.failed(ctx, err)
			return
		}
		if k.shards[shard].Load() != nil {
			count++
		}
	}
	k.failing = false
	if look {
		k.next = k.now().Add(k.timing.lease / 3)
	}
	k.metrics.Held.Set(float64(count))
}

func (k *keeper) failed(ctx context.Context, err error) {
	if ctx.Err() == nil && !k.failing {
		k.failing = true
		k.log.Warn("the cursors of webhooks cannot be kept", "error", err, "again_in", k.timing.keep)
	}
}

// dropExpired ends the lanes of leases that could not be renewed: another server may have them by now.
func (k *keeper) dropExpired() {
	for shard := range k.shards {
		if h := k.shards[shard].Load(); h != nil && k.now().UnixMilli() >= h.Until {
			k.drop(shard, h)
		}
	}
}

func (k *keeper) drop(shard int, h *held) {
	k.shards[shard].Store(nil)
	h.stop()
}

// acquire takes a lease that nobody has.
func (k *keeper) acquire(ctx context.Context, shard int) error {
	h := &held{lanes: map[string]*lane{}}
	old, err := k.meta.Meta(ctx, leaseKey(shard))
	if err != nil {
		return err
	}
	if old != nil {
		if err := json.Unmarshal(old, &h.lease); err != nil {
			return fmt.Errorf("read the lease of shard %d: %w", shard, err)
		}
	}
	if h.Until > k.now().UnixMilli() && h.Holder != k.name { // its own it finds when a write failed that was done all the same
		return nil
	}
	cursors := maps.Clone(h.Cursors)
	if cursors == nil {
		cursors = map[string]string{}
	}
	for _, w := range k.webhooks {
		if _, known := cursors[w.Name]; known {
			continue
		}
		if cursors[w.Name], err = end(ctx, k.journal, shard); err != nil { // a new webhook gets what comes from now on
			return err
		}
	}
	h.stored = old
	if done, err := k.write(ctx, shard, h, k.timing.lease, cursors); err != nil || !done {
		return err
	}
	k.start(ctx, shard, h)
	return nil
}

// start begins to send from a shard.
func (k *keeper) start(ctx context.Context, shard int, h *held) {
	sending, stop := context.WithCancel(ctx)
	h.stop = stop
	for _, w := range k.webhooks {
		h.lanes[w.Name] = newLane(shard, h.Cursors[w.Name], w, k.journal, k.dead, k.timing.keep)
	}
	k.shards[shard].Store(h) // before the lanes read: what comes after that, the tail tells them of
	for _, l := range h.lanes {
		k.work.Go(func() { l.run(sending) })
	}
}

// renew writes the cursors when something was settled, and the lease's end when half of it is over.
func (k *keeper) renew(ctx context.Context, shard int, h *held) error {
	left := time.Duration(h.Until-k.now().UnixMilli()) * time.Millisecond
	if !h.takeSettled() && left > k.timing.lease/2 {
		return nil
	}
	done, err := k.write(ctx, shard, h, k.timing.lease, h.positions())
	if err == nil && !done {
		k.log.Warn("another server took a lease over", "shard", shard)
		k.drop(shard, h)
	}
	return err
}

// takeSettled says whether any lane settled a message since it was last asked.
func (h *held) takeSettled() bool {
	any := false
	for _, l := range h.lanes {
		any = l.settledSome.Swap(false) || any
	}
	return any
}

// positions are the cursors as they are now, with those that this server does not know.
func (h *held) positions() map[string]string {
	cursors := maps.Clone(h.Cursors)
	for name, l := range h.lanes {
		cursors[name] = l.cursor()
	}
	return cursors
}

// write stores a lease for a while from now, if it still is as it was.
func (k *keeper) write(ctx context.Context, shard int, h *held, lasts time.Duration, cursors map[string]string) (bool, error) {
	next := lease{Holder: k.name, Until: k.now().Add(lasts).UnixMilli(), Cursors: cursors}
	data, err := json.Marshal(next)
	if err != nil {
		return false, err
	}
	done, err := k.meta.SetMeta(ctx, leaseKey(shard), h.stored, data)
	if done {
		h.lease, h.stored = next, data
	}
	return done, err
}

// release waits for the lanes, whose context is done, and lets go of every shard, so that another server goes on at once and where this
// one stopped.
func (k *keeper) release(ctx context.Context) {
	k.work.Wait()
	ctx, cancel := context.WithTimeout(ctx, k.timing.lease)
	defer cancel()
	for shard := range k.shards {
		h := k.shards[shard].Load()
		if h == nil {
			continue
		}
		k.drop(shard, h)
		if _, err := k.write(ctx, shard, h, 0, h.positions()); err != nil {
			k.log.Warn("cursors of webhooks cannot be given back, some messages will be sent again", "error", err)
			return
		}
	}
	k.metrics.Held.Set(0)
}

// note passes what the tail read to the lanes of its shard.
func (k *keeper) note(b batch) {
	if h := k.shards[b.shard].Load(); h != nil {
		for _, l := range h.lanes {
			l.note(b)
		}
	}
}
