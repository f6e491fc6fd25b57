package playbook

import (
	"math"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// Formula is a compiled number over Facts.
type Formula = expr.Formula[Facts]

// StaffChannel is the channel of an action for staff that names none.
const StaffChannel = "staff"

// Action is something that can be done for, or about, a customer.
type Action struct {
	Name       string
	Kind       string
	Channels   []string // in order of preference
	Staff      bool     // addressed to staff: contacts nobody, so what protects customers does not bind it
	Value      *Formula
	Cost       *Formula
	Weight     *Formula
	Cooldown   time.Duration // before the same customer gets it again; 0: none
	Expires    time.Duration // after it was issued
	Content    event.Object
	Variants   []Variant   // in the order of the file; empty: the content alone
	Learning   Learning    // how variants are chosen
	Experiment *Experiment // that it takes part in; nil for none
}

// Variant is one wording of an action.
type Variant struct {
	Name    string
	Content event.Object // the action's, with the variant's own fields laid over it
}

// Variant finds one of the action's wordings by its name, nil when there is none.
func (a *Action) Variant(name string) *Variant {
	for i := range a.Variants {
		if a.Variants[i].Name == name {
			return &a.Variants[i]
		}
	}
	return nil
}

// Learning is how choosing between variants, or the actions of an experiment, learns from outcomes.
type Learning struct {
	Mode      Mode
	Reward    string              // the outcome that counts: accepted or converted
	Within    time.Duration       // of being issued
	Floor     float64             // the least propensity of any
	PromoteAt float64             // probability of being best at which one wins; 1: never
	Segment   *expr.Phrase[Facts] // what is learnt apart; nil: nothing
}

// Mode is how a choice is made.
type Mode string

// The modes of learning.
const (
	Bandit   Mode = "bandit"   // better ones more often
	Equal    Mode = "equal"    // each as often
	Frozen   Mode = "frozen"   // as learnt so far
	Champion Mode = "champion" // the best so far, always
)

// Experiment lets actions compete by outcomes instead of by worth.
type Experiment struct {
	Name     string
	Actions  []*Action
	Share    float64 // of customers that take part
	Salt     string
	Learning Learning
}

// Holdout is the share of customers that get no action, to compare with.
type Holdout struct {
	Share float64 // 0: nobody
	Salt  string
}

// Fatigue silences an action for a customer who declined it. The zero value never does.
type Fatigue struct {
	Declines int
	Silence  time.Duration
}

// Worth is what doing something is expected to bring, and what it is made of.
type Worth struct {
	Likelihood, Value, Weight, Cost float64
	Total                           float64 // NaN when any part is missing
}

// Worth evaluates a proposal.
func (p *Proposal) Worth(f *Facts) Worth {
	a := p.Action
	w := Worth{Value: a.Value.Eval(f), Weight: max(a.Weight.Eval(f), 0), Cost: max(a.Cost.Eval(f), 0)}
	w.Likelihood = min(max(p.Likelihood.Eval(f), 0), 1)
	expected := float64(w.Likelihood * w.Value) // rounded, so that no platform fuses it with what follows
	w.Total = float64(expected*w.Weight) - w.Cost
	if math.IsInf(w.Total, 0) {
		w.Total = math.NaN()
	}
	return w
}
