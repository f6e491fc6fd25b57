package playbook

import (
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features/expr"
)

// Predicate is a compiled condition over Facts.
type Predicate = expr.Predicate[Facts]

// Play says which moments matter and what to propose then.
type Play struct {
	Name     string
	Index    int // position in Playbook.Plays: of equal worth, the earlier wins
	Trigger  Trigger
	On       []string      // event names: of OnEvent and OnAbsence
	After    time.Duration // of OnAbsence: how long to wait
	Unless   []string      // of OnAbsence: event names that make it moot
	Hour     *Formula      // of OnAbsence: hour of the FeatureSet's day to wait on for, 0 to 23; nil, or missing: none
	Dwell    Dwell         // of OnDwell
	When     *Predicate    // the whole condition
	Clauses  []Clause      // that all have to hold for it to hold, in the order written
	Propose  []Proposal    // never empty
	Needs    Needs
	possible []*Predicate // the clauses that read no prediction
}

// Trigger is what makes a play fire.
type Trigger uint8

// The triggers.
const (
	OnEvent   Trigger = iota // an event
	OnAbsence                // an event that did not follow another in time
	OnDwell                  // time on a page
	OnAsk                    // being asked
)

// String is the trigger as decisions name it.
func (t Trigger) String() string { return [...]string{"event", "absence", "dwell", "ask"}[t] }

// Dwell is staying on a page for long.
type Dwell struct {
	Path       string // ends in * to take in everything below
	LongerThan time.Duration
}

// Matches tells whether a path is of the page.
func (d Dwell) Matches(path string) bool {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	if prefix, open := strings.CutSuffix(d.Path, "*"); open {
		return strings.HasPrefix(path, prefix)
	}
	return path == d.Path
}

// Clause is one part of a condition.
type Clause struct {
	*Predicate
	ReadsPredictions bool
}

// Proposal is an action that a play puts forward.
type Proposal struct {
	Action     *Action
	Likelihood *Formula
}

// Needs is what a play reads beside features and customer.
type Needs struct {
	Predictions Tasks // by the condition or by what its proposals are worth
	Intents     bool
	Event       bool
	Context     bool
}

// Tasks is a set of positions in Playbook.Tasks.
type Tasks uint64

// Has tells whether position i is in the set.
func (t Tasks) Has(i int) bool { return t&(1<<i) != 0 }

// Possible tells whether the play could fire, whatever the predictions: it is what to ask before models run.
func (p *Play) Possible(f *Facts) bool {
	for _, clause := range p.possible {
		if !clause.Eval(f) {
			return false
		}
	}
	return true
}

// Fires tells whether the condition holds.
func (p *Play) Fires(f *Facts) bool { return p.When == nil || p.When.Eval(f) }
