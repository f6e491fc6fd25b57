package live

import (
	"context"
	"slices"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// decides says whether a request wants anything to be decided.
func (j *scoring) decides(it *item) bool { return j.book != nil && !it.request.Actions.None }

// needed lists the tasks that decisions of these requests may read.
func (j *scoring) needed(requests []Request) (names []string) {
	if j.book == nil {
		return nil
	}
	var tasks playbook.Tasks
	for i := range requests {
		if requests[i].Actions.None {
			continue
		}
		tasks |= j.book.AskNeeds
		for k := range requests[i].Events {
			for _, p := range j.book.FiredBy(requests[i].Events[k].Name) {
				tasks |= p.Needs.Predictions
			}
		}
	}
	for i, name := range j.book.Tasks {
		if tasks.Has(i) {
			names = append(names, name)
		}
	}
	return names
}

// decide makes the decision that a request asks for.
func (j *scoring) decide(ctx context.Context, it *item) {
	if !j.decides(it) {
		j.explain(ctx, it)
		return
	}
	p, r, a := it.person, it.request, it.answer
	p.about(r.Customer, it.row, a.Tags, &a.Said)
	p.facts.Context, p.facts.Channel = r.Moment.Context, r.Moment.Channel
	in := p.input(a.DecisionID, a.At, j.engine.learnt.Load())
	in.Max, in.Kinds, in.Unavailable = r.Actions.Max, r.Actions.Kinds, !it.stateful
	if len(j.book.Budgets) > 0 {
		p.spent.begin(j.engine, j.book, a.DecisionID, j.deadline, r.Preview)
		in.Budgets = &p.spent
	}
	if p.asked(&in) && !r.Preview {
		it.commits = true
	}
	j.explain(ctx, it)
	it.render()
}

// render writes down what was decided, as the answer says it.
func (it *item) render() {
	p, a := it.person, it.answer
	a.Actions = p.appendActions(a.Actions[:0], true)
	a.Withheld = appendWithheld(a.Withheld[:0], p.decision.Withheld)
}

// unsettle takes back a decision that was not committed.
func (it *item) unsettle() {
	p := it.person
	if p.decision == nil || !slices.ContainsFunc(p.decision.Actions, func(a decide.Action) bool { return !a.Pending }) {
		return
	}
	p.spent.giveBack()
	p.unsettle()
	it.render()
	it.answer.lack(ActionsNotKept)
}

// seal makes the change that is to be committed.
func (j *scoring) seal(it *item) {
	if !it.commits {
		return
	}
	f, p := &it.folding, it.person
	if f.arena == nil {
		*f = newFolding(j.arena(), p.state)
	}
	it.change = f.change(it.request.Customer, it.version)
	it.change.Timers = slices.Clone(p.moments.timers)
	if it.request.IdempotencyKey == "" && p.issued() {
		it.record("", nil)
	}
}

// record adds the decision's record to the change.
func (it *item) record(key string, answer []byte) {
	r, a := it.request, it.answer
	m := made{
		id: a.DecisionID, customer: r.Customer, at: a.At, asked: true, max: r.Actions.Max, kinds: r.Actions.Kinds, events: r.Events, moment: r.Moment,
		key: key, answer: answer, actions: a.Actions, features: a.Features, playbook: a.Playbook, predictions: a.Predictions, degraded: a.Degraded,
	}
	memory := it.folding.arena
	start := len(memory.bytes)
	memory.bytes = it.person.appendRecord(memory.bytes, &m)
	it.change.Records = append(it.change.Records, store.Record{Kind: store.RecordDecision, Data: memory.keep(start)})
	it.change.Links = append(it.change.Links, a.DecisionID)
	if key != "" {
		it.change.Links = append(it.change.Links, key)
	}
}

// issued says whether the decision issued anything that is new.
func (p *person) issued() bool {
	return p.decision != nil && slices.ContainsFunc(p.decision.Actions, func(a decide.Action) bool { return !a.Pending })
}

// withheld counts what a decision withheld, whether or not it was committed: one that issues nothing seldom is.
func (e *Engine) withheld(p *person) {
	if p.decision == nil {
		return
	}
	for i := range p.decision.Withheld {
		e.metrics.Withheld(string(p.decision.Withheld[i].Why))
	}
}

// decided counts what was committed, and wakes who delivers it.
func (e *Engine) decided(p *person, customer string) {
	if p.decision == nil {
		return
	}
	for i := range p.decision.Actions {
		if a := &p.decision.Actions[i]; !a.Pending {
			e.metrics.Issued(a.Play.Name, a.Name, p.decision.Held && !a.Staff)
		}
	}
	if e.wake != nil && p.sends() {
		e.wake(store.ShardOf(customer, e.store.Shards()))
	}
}
