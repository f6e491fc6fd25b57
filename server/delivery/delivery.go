package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

// Store is what a Delivery reads and where it keeps cursors and dead letters.
type Store interface {
	journal
	meta
}

// Options are what a Delivery works with.
type Options struct {
	Store    Store
	Webhooks []config.Webhook
	Metrics  *metrics.Delivery
	Log      *slog.Logger
	Now      func() time.Time

	timing timing // the usual one when zero
}

// timing is how often things are done.
type timing struct {
	poll  time.Duration // looking for what other servers committed
	keep  time.Duration // writing cursors, and waiting before the store is tried again
	lease time.Duration
	pace  pace
}

var usual = timing{
	poll: 500 * time.Millisecond, keep: time.Second, lease: 15 * time.Second,
	pace: pace{first: 500 * time.Millisecond, longest: 5 * time.Minute},
}

// Delivery follows the journal for streams and webhooks.
type Delivery struct {
	journal journal
	tail    *tail
	hub     *hub
	keeper  *keeper
	dead    *deadLetters
	now     func() time.Time
	looking chan struct{} // held by the one client that looks back

	stop context.CancelFunc
	work sync.WaitGroup
}

// Start begins to follow the journal. Close must be called when there is no error. A webhook that is new gets what is issued from now
// on; one that is known to the store goes on from where it was.
func Start(o Options) (*Delivery, error) {
	if o.timing == (timing{}) {
		o.timing = usual
	}
	d := &Delivery{journal: o.Store, dead: &deadLetters{meta: o.Store}, now: o.Now, looking: make(chan struct{}, 1)}
	d.tail = newTail(&o, d.consume)
	d.hub = &hub{tail: d.tail, metrics: o.Metrics, streams: map[*Stream]struct{}{}}
	d.keeper = newKeeper(&o, d.dead)
	for _, c := range o.Webhooks {
		w, err := newWebhook(c, o.timing.pace, o.Metrics.Webhook(c.Name), o.Log, o.Now)
		if err != nil {
			return nil, fmt.Errorf("webhook %s: %w", c.Name, err)
		}
		d.keeper.webhooks = append(d.keeper.webhooks, w)
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.work.Go(func() { d.tail.run(ctx) })
	if len(o.Webhooks) > 0 {
		d.work.Go(func() { d.runWebhooks(ctx) })
	}
	return d, nil
}

// runWebhooks has the tail follow before the leases are taken: their cursors then lie behind what it reads.
func (d *Delivery) runWebhooks(ctx context.Context) {
	for {
		err := d.tail.join(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		d.keeper.failed(ctx, err)
		wait(ctx, d.keeper.timing.keep)
	}
	defer d.tail.leave()
	d.keeper.run(ctx)
}

func (d *Delivery) consume(b batch) {
	d.hub.publish(b)
	d.keeper.note(b)
}

// Notify says that something proactive was committed to a shard, so that it is delivered at once. It never blocks.
func (d *Delivery) Notify(shard int) { d.tail.notify(shard) }

// Dead returns the messages that webhooks would not take, the newest first, and how many there ever were.
func (d *Delivery) Dead(ctx context.Context) (letters []DeadLetter, total uint64, err error) {
	return d.dead.list(ctx)
}

// Scrub removes a customer's dead letters up to a version.
func (d *Delivery) Scrub(ctx context.Context, customer string, upTo uint64) (removed int, err error) {
	return d.dead.scrub(ctx, customer, upTo)
}

// EndStreams ends the streams and refuses new ones, so that a server that stops need not wait for their clients.
func (d *Delivery) EndStreams() { d.hub.close() }

// Close ends the streams, finishes the requests under way, writes the cursors and stops. It returns early when ctx is done.
func (d *Delivery) Close(ctx context.Context) error {
	d.EndStreams()
	d.stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.work.Wait()
		for _, w := range d.keeper.webhooks {
			w.client.CloseIdleConnections()
		}
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
