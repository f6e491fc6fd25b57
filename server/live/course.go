package live

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// CourseOptions are what a Course is followed with.
type CourseOptions struct {
	Features *features.FeatureSet
	Playbook *playbook.Playbook  // compiled for Features
	Texts    []*models.TextModel // read the messages that nobody has read
	Table    *bandit.Table       // nil: nothing was learnt
	// Predict predicts tasks, by their positions in Playbook.Tasks, for a row that it does not keep.
	Predict func(ctx context.Context, tasks playbook.Tasks, row []float32) []models.Prediction
	Budgets decide.Budgets // nil: there is always something left
	Witness Witness
}

// Witness is told what happens on a course, in order. Times are in Unix milliseconds.
type Witness interface {
	// Decided is told of a decision, which is valid until it returns.
	Decided(at int64, asked bool, d *decide.Decision)
	Timer(at int64, play string, fate Fate)
}

// Fate is what became of a timer.
type Fate string

// The fates. A timer that is moved goes on being set.
const (
	TimerSet   Fate = "set"
	TimerMoot  Fate = "moot"
	TimerFired Fate = "fired" // it came due, and its play was looked at
)

// Course follows customers through recorded time, one after another, by the code that follows them as time passes: events are folded,
// plays fire, timers come due, and what is issued counts for what is issued next. Time is that of the events; there is no store. It is
// for one goroutine.
type Course struct {
	o        CourseOptions
	engine   *Engine
	customer string
	seed     string // of the ids of the customer's decisions
	made     int    // decisions
	now      int64  // Unix milliseconds
	state    *features.State
	person   person
	row      []float32
	waiting  []store.Timer
	enricher enricher
}

// NewCourse makes a course. Of the engine it uses metrics and log; nothing needs to serve.
func (e *Engine) NewCourse(o CourseOptions) *Course {
	return &Course{
		o: o, engine: e, state: o.Features.NewState(), row: make([]float32, o.Features.Len()),
		enricher: enricher{engine: e, texts: o.Texts, until: time.Unix(math.MaxInt32, 0)},
	}
}

// Begin turns to another customer, of whom nothing is known yet.
func (c *Course) Begin(customer string) {
	c.customer, c.made, c.now, c.waiting = customer, 0, 0, c.waiting[:0]
	c.seed = strconv.FormatUint(xxhash.Sum64String(customer), 36) + "-"
	c.state.Reset()
}

// Event lets time pass until an event arrives, and takes it in. When asked, somebody scores the customer with it; otherwise what it
// brings about is decided as when it is ingested. Events come in order of arrival.
func (c *Course) Event(ctx context.Context, e *event.Event, asked bool) error {
	if err := c.Until(ctx, e.ReceivedAt); err != nil {
		return err
	}
	p := c.begin()
	c.enricher.enrich(e, c.state)
	if outcome, _ := c.o.Features.Fold(c.state, e); outcome == features.Folded {
		p.moments.note(p.book, c.state, e, true)
	}
	var err error
	if asked {
		moment := features.MomentOf(e)
		moment.Channel = strings.ToLower(moment.Channel)
		err = c.decide(ctx, &moment, true)
	} else if len(p.moments.fired) > 0 {
		moment := p.moment(c.now)
		err = c.decide(ctx, &moment, false)
	}
	c.apply()
	return err
}

// Until lets time pass until an instant: what is due before it fires.
func (c *Course) Until(ctx context.Context, at int64) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		due := at
		for i := range c.waiting {
			due = min(due, c.waiting[i].Due.UnixMilli())
		}
		if c.now = max(c.now, due); due == at {
			return nil
		}
		if err := c.fire(ctx, due); err != nil {
			return err
		}
	}
}

// begin prepares to look at the customer.
func (c *Course) begin() *person {
	p := &c.person
	p.reset()
	p.state, p.features, p.book = c.state, c.o.Features, c.o.Playbook
	return p
}

// fire has the timers fire that are due at an instant.
func (c *Course) fire(ctx context.Context, due int64) error {
	p := c.begin()
	var timers []store.Timer
	c.waiting = slices.DeleteFunc(c.waiting, func(t store.Timer) bool {
		now := t.Due.UnixMilli() == due
		if now {
			timers = append(timers, t)
		}
		return now
	})
	now := max(c.now, c.state.LastAt())
	for i := range timers {
		before := len(p.moments.fired)
		if err := p.wake(&timers[i], now); err != nil {
			return err
		}
		fate := TimerFired
		if len(p.moments.fired) == before {
			fate = TimerMoot
		}
		c.o.Witness.Timer(now, timers[i].Name, fate)
	}
	defer c.apply()
	if len(p.moments.fired) == 0 {
		return nil
	}
	moment := p.moment(now)
	if err := p.read(c.customer, now, &moment, c.row); err != nil {
		return err
	}
	if p.await(now); len(p.moments.fired) == 0 {
		return nil
	}
	return c.settle(ctx, now, false)
}

// decide reads the customer at a moment and makes the decision.
func (c *Course) decide(ctx context.Context, moment *features.Moment, asked bool) error {
	p, now := &c.person, max(c.now, c.state.LastAt())
	if err := p.read(c.customer, now, moment, c.row); err != nil {
		return err
	}
	if asked {
		p.facts.Context = moment.Context
	}
	return c.settle(ctx, now, asked)
}

// settle makes the decision about a customer who was read, and writes what it issues into the state.
func (c *Course) settle(ctx context.Context, now int64, asked bool) error {
	p := &c.person
	var predictions []models.Prediction
	if tasks := p.needs(asked); tasks != 0 {
		if predictions = c.o.Predict(ctx, tasks, c.row); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	p.predicted(predictions)
	c.made++
	in := p.input(c.seed+strconv.Itoa(c.made), now, c.o.Table)
	in.Budgets = c.o.Budgets
	if asked {
		p.asked(&in)
	} else {
		p.unasked(&in)
	}
	c.o.Witness.Decided(now, asked, p.decision)
	return nil
}

// apply sets, moves and stops timers as the last step asks for.
func (c *Course) apply() {
	for _, t := range c.person.moments.timers {
		at := slices.IndexFunc(c.waiting, func(o store.Timer) bool { return o.Name == t.Name })
		switch {
		case !t.Due.IsZero() && at >= 0:
			c.waiting[at].Due, c.waiting[at].Payload = t.Due, t.Payload
		case !t.Due.IsZero():
			c.waiting = append(c.waiting, store.Timer{Customer: c.customer, Name: t.Name, Due: t.Due, Payload: t.Payload})
			c.o.Witness.Timer(c.now, t.Name, TimerSet)
		case at >= 0:
			c.waiting = slices.Delete(c.waiting, at, at+1)
			c.o.Witness.Timer(c.now, t.Name, TimerMoot)
		}
	}
}

// BudgetKey names the counter of a budget in the window that now (Unix milliseconds) lies in, and says when that ends.
func BudgetKey(b *playbook.Budget, now int64, zone *time.Location) (key string, ends time.Time) {
	return budgetKey(b, now, zone)
}
