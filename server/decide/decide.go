package decide

import (
	"cmp"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/trial"
)

// Input is one customer at one moment. Nothing of it is kept.
type Input struct {
	Playbook  *playbook.Playbook
	Facts     *playbook.Facts // its Event is set to that of each play in turn
	Now       int64           // Unix milliseconds
	Contacts  []features.Contact
	OptOut    features.OptOut
	Fired     []Firing // plays whose moment has come
	Asked     bool     // plays that wait to be asked are, too
	Proactive bool     // nobody asked: what quiet hours stop is to be tried again at their end
	Max       int      // actions to issue, pending ones included
	Kinds     []string // of actions to issue; empty: any
	Preferred string   // channel of the customer; empty: none
	Zone      string   // of the customer; empty: the playbook's
	Decision  string   // id
	Table     *bandit.Table
	Budgets   Budgets // nil: there is always something left
	// Unavailable says that what was issued before is not known, so that nothing may be issued now.
	Unavailable bool
}

// Firing is a play whose moment has come.
type Firing struct {
	Play  *playbook.Play
	Event *event.Event // that brought it; nil for none
}

// Budgets are what all customers share.
type Budgets interface {
	// Left says, without waiting, whether there may be some left.
	Left(b *playbook.Budget, now int64) bool
	// Take takes one, another at each call, and says whether there was one.
	Take(b *playbook.Budget, now int64) bool
	// GiveBack returns what was taken last for an action that another budget stops. What is taken for actions that are issued and not
	// committed is the caller's to give back.
	GiveBack(b *playbook.Budget, now int64)
}

// Decision is what is to be done. Its slices belong to the Decider that made it.
type Decision struct {
	Actions   []Action
	Withheld  []Withheld
	Held      bool              // the customer is in the holdout: Actions are recorded and not sent
	Fired     []*playbook.Play  // whose conditions held
	Postponed []Postponed       // to be tried again when quiet hours end: nobody had asked for it
	Rows      []bandit.Standing // that chance drew from, each once
}

// Action is an action that is issued.
type Action struct {
	*playbook.Action
	ID         string
	Play       *playbook.Play
	Event      *event.Event // that the play fired on; nil for none
	Channel    string
	Variant    *playbook.Variant // nil: the action has none
	Worth      playbook.Worth
	Likelihood float64
	Propensity float64
	Draws      []Draw
	At         int64 // Unix milliseconds
	Expires    int64 // Unix milliseconds
	Pending    bool  // it was issued before, when nobody had asked
}

// Draw is a choice that chance made.
type Draw struct {
	Choice     string
	Segment    string
	Arm        string
	Propensity float64
	Row        uint64 // version of the row that was drawn from
}

// Withheld is an action that a play proposed, and what stopped it.
type Withheld struct {
	*playbook.Action
	Play  *playbook.Play
	Worth playbook.Worth
	Why   Why
	By    string // the cap, budget, experiment or action that stopped it; empty when Why says all
	Until int64  // Unix milliseconds; 0: that is not known
}

// Postponed is a play whose action waits for quiet hours to end.
type Postponed struct {
	Firing
	Until int64 // Unix milliseconds
}

// Why is the stage that stopped an action.
type Why string

// The stages, in their order.
const (
	NoChannel    Why = "channel"
	OptedOut     Why = "opted_out"
	Fatigued     Why = "fatigued"
	Cooldown     Why = "cooldown"
	QuietHours   Why = "quiet_hours"
	NotWorthIt   Why = "not_worth_it"
	Capped       Why = "capped"
	Budget       Why = "budget"
	Outranked    Why = "outranked"
	Experiment   Why = "experiment"
	Holdout      Why = "holdout"
	Unavailable  Why = "unavailable" // it could not be committed
	experimental     = "experiment:"
	wording          = "action:"
)

// candidate is an action that a play proposes, and that nothing has stopped yet.
type candidate struct {
	Firing
	action  *playbook.Action
	worth   playbook.Worth
	channel string
}

// Decider makes decisions, one at a time, in memory that the next one uses again.
type Decider struct {
	in         *Input
	local      time.Time // now, where the customer is
	candidates []candidate
	held       bool         // the customer is in the holdout
	ranked     []*candidate // that nothing has stopped yet, the worthiest first
	out        Decision
}

// Decide makes a decision. It is valid until the next one.
func (d *Decider) Decide(in *Input) *Decision {
	d.in, d.local = in, time.UnixMilli(in.Now).In(d.zone(in))
	d.held = in.heldOut()
	o := &d.out
	*o = Decision{Actions: o.Actions[:0], Withheld: o.Withheld[:0], Fired: o.Fired[:0], Postponed: o.Postponed[:0], Rows: o.Rows[:0]}
	for _, f := range in.Fired {
		d.propose(f)
	}
	if in.Asked {
		for _, p := range in.Playbook.Asked() {
			d.propose(Firing{Play: p})
		}
	}
	in.Facts.Event = nil
	d.pending()
	eligible := d.ranked[:0]
	for i := range d.candidates {
		if c := &d.candidates[i]; !d.stopped(c) {
			eligible = append(eligible, c)
		}
	}
	d.ranked = eligible
	d.arbitrate()
	clear(d.candidates)
	d.candidates, d.ranked = d.candidates[:0], eligible[:0]
	d.hold()
	d.in = nil
	return o
}

// propose takes in what a play proposes, if its condition holds. Of two proposals of one action the worthier stays.
func (d *Decider) propose(f Firing) {
	d.in.Facts.Event = f.Event
	if !f.Play.Fires(d.in.Facts) {
		return
	}
	d.out.Fired = append(d.out.Fired, f.Play)
	for i := range f.Play.Propose {
		p := &f.Play.Propose[i]
		if len(d.in.Kinds) > 0 && !slices.Contains(d.in.Kinds, p.Action.Kind) {
			continue
		}
		worth := p.Worth(d.in.Facts)
		if c := d.candidate(p.Action); c == nil {
			d.candidates = append(d.candidates, candidate{Firing: f, action: p.Action, worth: worth})
		} else if cmp.Less(c.worth.Total, worth.Total) { // anything is more than no number
			c.Firing, c.worth = f, worth
		}
	}
}

// candidate finds what was proposed of an action already, nil for nothing.
func (d *Decider) candidate(a *playbook.Action) *candidate {
	for i := range d.candidates {
		if d.candidates[i].action == a {
			return &d.candidates[i]
		}
	}
	return nil
}

func (d *Decider) withhold(c *candidate, why Why, by string, until int64) {
	d.out.Withheld = append(d.out.Withheld, Withheld{Action: c.action, Play: c.Play, Worth: c.worth, Why: why, By: by, Until: until})
}

// heldOut says whether the customer is in the holdout.
func (in *Input) heldOut() bool {
	h := in.Playbook.Holdout
	return h.Share > 0 && trial.Place(h.Salt, in.Facts.Customer.ID) < h.Share
}

// hold turns what would be issued to a customer in the holdout into what was withheld. Staff are told all the same.
func (d *Decider) hold() {
	if !d.held {
		return
	}
	for i := range d.out.Actions {
		if a := &d.out.Actions[i]; !a.Staff {
			d.out.Held = true
			d.out.Withheld = append(d.out.Withheld, Withheld{Action: a.Action, Play: a.Play, Worth: a.Worth, Why: Holdout})
		}
	}
}

// Contact is what is to be written down of an action.
func (o *Decision) Contact(a *Action, proactive bool) features.Contact {
	c := features.Contact{
		ID: a.ID, Action: a.Name, Kind: a.Kind, Channel: a.Channel, Play: a.Play.Name,
		At: a.At, Expires: a.Expires, Credit: a.At + a.Learning.Within.Milliseconds(),
	}
	if a.Variant != nil {
		c.Variant = a.Variant.Name
	}
	if a.Staff {
		c.Flags |= features.Staff
	} else if o.Held {
		c.Flags |= features.Held
	}
	if proactive {
		c.Flags |= features.Proactive
	}
	return c
}
