package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// How timers are looked after.
const (
	timerPoll    = 200 * time.Millisecond
	timerLease   = 30 * time.Second // a server that dies holding timers delays them by so much
	timerBatch   = 256
	timerPollers = 4
)

// RunTimers has due timers fire until ctx is done. Several servers may do so over one store: each timer fires once.
func (e *Engine) RunTimers(ctx context.Context) {
	shards := make(chan int)
	var work sync.WaitGroup
	for range timerPollers {
		work.Go(func() {
			for shard := range shards {
				e.runShard(ctx, shard)
			}
		})
	}
	defer work.Wait()
	defer close(shards)
	tick := time.NewTicker(timerPoll)
	defer tick.Stop()
	for {
		due, err := e.store.DueShards(ctx, e.now())
		if err != nil && ctx.Err() == nil {
			e.complain("due timers cannot be found", err)
		}
		for _, shard := range due {
			select {
			case shards <- shard:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// runShard fires what is due in a shard.
func (e *Engine) runShard(ctx context.Context, shard int) {
	for ctx.Err() == nil {
		n, err := e.FireDue(ctx, shard)
		if err != nil && ctx.Err() == nil {
			e.complain("due timers cannot be fired", err)
		}
		if err != nil || n < timerBatch {
			return
		}
	}
}

// FireDue claims timers of a shard that are due, fires those that are still wanted, and says how many it claimed. What could not be
// fired is due again when the claim ends.
func (e *Engine) FireDue(ctx context.Context, shard int) (claimed int, err error) {
	timers, err := e.store.ClaimTimers(ctx, shard, e.now(), timerLease, timerBatch)
	if err != nil {
		return 0, fmt.Errorf("claim timers: %w", err)
	}
	if len(timers) == 0 {
		return 0, nil
	}
	s, snapshot := e.acquire()
	defer e.release(snapshot)
	d := dueTimers{engine: e, serving: s, book: s.book.Load(), models: snapshot.Models()}
	pending := d.group(timers)
	for attempt := 0; len(pending) > 0; attempt++ {
		if attempt == maxAttempts {
			return len(timers), fmt.Errorf("%d attempts: %w", attempt, store.ErrConflict)
		}
		if err := pause(ctx, backoff(attempt)); err != nil {
			return len(timers), err
		}
		if pending, err = d.try(ctx, pending); err != nil {
			return len(timers), err
		}
	}
	return len(timers), nil
}

// dueTimers are the timers of one claim.
type dueTimers struct {
	engine  *Engine
	serving *Serving
	book    *playbook.Playbook // nil: none serves, and timers are left as they are
	models  []*models.Model
}

// due is the timers of one customer.
type due struct {
	customer string
	timers   []store.Timer
	person   *person
	fired    int
}

func (d *dueTimers) group(timers []store.Timer) []*due {
	byID := make(map[string]*due, len(timers))
	var groups []*due
	for _, t := range timers {
		g := byID[t.Customer]
		if g == nil {
			g = &due{customer: t.Customer}
			byID[t.Customer] = g
			groups = append(groups, g)
		}
		g.timers = append(g.timers, t)
	}
	return groups
}

// try loads, decides and commits, and returns those whose customers have moved on.
func (d *dueTimers) try(ctx context.Context, groups []*due) (conflicted []*due, err error) {
	if d.book == nil {
		return nil, nil
	}
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.customer
	}
	f, err := d.engine.load(ids, timerLease/2)
	if err != nil {
		return nil, fmt.Errorf("load customers: %w", err)
	}
	state := d.serving.states.Get().(*features.State)
	defer d.serving.states.Put(state)
	var changes []store.Change
	var changed []*due
	for i, g := range groups {
		if change, ok := d.fire(ctx, g, state, &f.out[i]); ok {
			changes, changed = append(changes, change), append(changed, g)
		} else {
			d.engine.people.Put(g.person)
		}
	}
	d.engine.done(f)
	outcomes := make([]error, len(changes))
	d.engine.commit(ctx, changes, outcomes)
	for i, g := range changed {
		switch {
		case outcomes[i] == nil:
			d.settle(g)
		case errors.Is(outcomes[i], store.ErrConflict):
			g.person.spent.giveBack()
			conflicted = append(conflicted, g)
		default:
			err = errors.Join(err, fmt.Errorf("commit customers: %w", outcomes[i]))
		}
		d.engine.people.Put(g.person)
	}
	return conflicted, err
}

// fire makes the change that a customer's due timers bring about, and says whether there is one. A state that cannot be read keeps its
// timers.
func (d *dueTimers) fire(ctx context.Context, g *due, state *features.State, snap *store.Snapshot) (change store.Change, ok bool) {
	p := d.engine.people.Get().(*person)
	p.reset()
	g.person, g.fired = p, 0
	if snap.State == nil {
		return change, false // erased, and the timers with it
	}
	if err := d.serving.read(snap, state); err != nil {
		d.engine.complain("a customer's state cannot be read", err)
		return change, false
	}
	p.state, p.features, p.book, p.sentences = state, d.serving.features, d.book, d.serving.sentences(d.book)
	now := max(d.engine.Now(), state.LastAt())
	for i := range g.timers {
		if err := p.wake(&g.timers[i], now); err != nil {
			d.engine.complain("a timer cannot fire", err)
		}
	}
	g.fired = len(p.moments.fired)
	one := proactive{
		person: p, engine: d.engine, serving: d.serving, models: d.models, customer: g.customer, deadline: time.Now().Add(timerLease / 2),
	}
	issued := false
	if g.fired > 0 {
		p.was(snap)
		if err := one.look(); err != nil {
			d.engine.complain("a play cannot be decided", err)
		} else if p.await(one.now); len(p.moments.fired) > 0 {
			issued = one.decide(ctx)
		}
	}
	change = store.Change{
		ID: g.customer, Expect: snap.Version, State: state.Append(nil), Keep: state.OptOut().Any(), Timers: slices.Clone(p.moments.timers),
	}
	if issued {
		one.add(&change)
	}
	return change, len(change.Timers) > 0
}

// settle counts what was committed, and wakes who delivers it.
func (d *dueTimers) settle(g *due) {
	now := d.engine.Now()
	for i := range g.timers {
		outcome := "moot"
		if i < g.fired {
			outcome = "fired"
		}
		d.engine.metrics.Timer(outcome, float64(now-g.timers[i].Due.UnixMilli())/1000)
	}
	d.engine.withheld(g.person)
	d.engine.decided(g.person, g.customer)
}
