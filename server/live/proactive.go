package live

import (
	"context"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
)

// proactive is a decision that nobody asked for: events or a timer brought it about.
type proactive struct {
	*person
	engine   *Engine
	serving  *Serving
	models   []*models.Model
	customer string
	events   []event.Event // that brought it about
	deadline time.Time
	now      int64 // Unix milliseconds
	row      []float32
	record   made
}

// look reads the customer now, where the plays fired.
func (d *proactive) look() error {
	d.now = max(d.engine.Now(), d.state.LastAt())
	d.row = make([]float32, d.features.Len())
	d.record.moment = d.moment(d.now)
	return d.read(d.customer, d.now, &d.record.moment, d.row)
}

// decide makes the decision, and writes what it issues into the state. It says whether it issued anything.
func (d *proactive) decide(ctx context.Context) bool {
	p, e := d.person, d.engine
	predictions := e.predict(ctx, d.models, p.book, p.needs(false), d.row)
	p.predicted(predictions)
	id := newDecisionID(store.ShardOf(d.customer, e.store.Shards()))
	in := p.input(id, d.now, e.learnt.Load())
	if len(p.book.Budgets) > 0 {
		p.spent.begin(e, p.book, id, d.deadline, false)
		in.Budgets = &p.spent
	}
	issued := p.unasked(&in)
	d.record = made{
		id: id, customer: d.customer, at: d.now, proactive: true, events: d.events, moment: d.record.moment,
		features: d.serving.features.Revision(), playbook: p.book.Revision,
	}
	return issued
}

// add puts the decision's record into the change that commits it.
func (d *proactive) add(c *store.Change) {
	c.Records = append(c.Records, store.Record{Kind: store.RecordDecision, Data: d.appendRecord(nil, &d.record)})
	c.Links = append(c.Links, d.record.id)
}

// begin prepares to decide about a customer, when there is anything to decide by.
func (in *ingestion) begin(g *group, state *features.State, snap *store.Snapshot) {
	if in.book == nil {
		return
	}
	if g.person == nil {
		g.person = in.engine.people.Get().(*person)
	}
	g.person.reset()
	g.person.state, g.person.features, g.person.book = state, in.serving.features, in.book
	g.person.sentences = in.serving.sentences(in.book)
	g.person.was(snap)
}

// change is what has to be committed of a customer whose events were folded: the state, the timers and what was decided.
func (in *ingestion) change(ctx context.Context, g *group, f *folding, snap *store.Snapshot) store.Change {
	p := g.person
	if p == nil || len(p.moments.fired) == 0 {
		c := f.change(g.id, snap.Version)
		if p != nil {
			c.Timers = slices.Clone(p.moments.timers)
		}
		return c
	}
	d := proactive{person: p, engine: in.engine, serving: in.serving, models: in.models, customer: g.id, deadline: time.Now().Add(patience(ctx))}
	for _, at := range g.events {
		d.events = append(d.events, in.events[at])
	}
	issued := false
	if err := d.look(); err != nil {
		in.engine.complain("a play cannot be decided", err)
	} else {
		issued = d.decide(ctx)
	}
	c := f.change(g.id, snap.Version)
	c.Timers = slices.Clone(p.moments.timers)
	if issued {
		d.add(&c)
	}
	return c
}

// issued gives out what was decided, now that it is committed.
func (in *ingestion) issued(g *group) {
	p := g.person
	if p == nil {
		return
	}
	in.engine.withheld(p)
	if p.issued() {
		in.result.Actions = p.appendIssued(in.result.Actions, g.id)
		in.engine.decided(p, g.id)
	}
	in.done(g)
}

// takeBack returns what a decision took that will be made again.
func (in *ingestion) takeBack(g *group) {
	if g.person != nil {
		g.person.spent.giveBack()
	}
}

func (in *ingestion) done(g *group) {
	g.person.reset()
	in.engine.people.Put(g.person)
	g.person = nil
}

// appendIssued appends the actions that a customer gets, each an object that says whose it is.
func (p *person) appendIssued(dst []byte, customer string) []byte {
	for i := range p.decision.Actions {
		a := &p.decision.Actions[i]
		if p.decision.Held && !a.Staff {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"customer_id":`...)
		dst = append(appendText(dst, customer), ',')
		at := len(dst)
		dst = p.appendAction(dst, a)
		dst = append(dst[:at], dst[at+1:]...) // the brace that opened before
	}
	return dst
}
