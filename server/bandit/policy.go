package bandit

import (
	"fmt"
	"slices"
	"time"
)

// Mode is how arms are chosen. The names are those of the playbook.
type Mode string

// The modes.
const (
	Bandit   Mode = "bandit"   // better ones more often, until one is promoted
	Equal    Mode = "equal"    // each as often; outcomes are counted all the same
	Frozen   Mode = "frozen"   // as Bandit, by what was learnt until Policy.Since
	Champion Mode = "champion" // the likeliest to be the best, always; the floor does not bind it
)

// Policy is how one choice learns.
type Policy struct {
	Mode      Mode
	Floor     float64   // the least propensity of any arm; 0 to one over the number of arms
	PromoteAt float64   // the probability of being best past which an arm is always chosen; 1: never
	Since     time.Time // of Frozen, which needs it: what happened later is not learnt from
}

// MaxArms bounds the arms of one choice, which a Set can name.
const MaxArms = 64

// Choice is one thing to learn: which variant of an action, or which action of an experiment.
type Choice struct {
	Name   string   // unique among the choices
	Arms   []string // 1 to MaxArms, each once
	Policy Policy
}

// check tells what is wrong with a choice.
func (c Choice) check() error {
	p := c.Policy
	switch {
	case len(c.Arms) == 0 || len(c.Arms) > MaxArms:
		return fmt.Errorf("choice %q: 1 to %d arms are expected, got %d", c.Name, MaxArms, len(c.Arms))
	case !slices.Contains([]Mode{Bandit, Equal, Frozen, Champion}, p.Mode):
		return fmt.Errorf("choice %q: mode: bandit, equal, frozen or champion is expected, got %q", c.Name, p.Mode)
	case p.Mode == Frozen && p.Since.IsZero():
		return fmt.Errorf("choice %q: since: the time at which learning froze is expected", c.Name)
	case !(p.Floor >= 0 && p.Floor*float64(len(c.Arms)) <= 1+1e-9):
		return fmt.Errorf("choice %q: floor: 0 to one over %d arms is expected, got %v", c.Name, len(c.Arms), p.Floor)
	case !(p.PromoteAt > 0 && p.PromoteAt <= 1):
		return fmt.Errorf("choice %q: promote_at: above 0 and up to 1 is expected, got %v", c.Name, p.PromoteAt)
	}
	for i, arm := range c.Arms {
		if slices.Contains(c.Arms[:i], arm) {
			return fmt.Errorf("choice %q: arms: %q is listed twice", c.Name, arm)
		}
	}
	return nil
}

// row works out what a policy makes of its arms' posteriors. A row of the same choice from before saves the integration when the
// posteriors are still the same.
func (p Policy) row(arms []Arm, before *Row) *Row {
	same := func(a, b Arm) bool { return a.Name == b.Name && a.Posterior == b.Posterior }
	if before != nil && slices.EqualFunc(arms, before.Arms, same) {
		for i := range arms {
			arms[i].Best = before.Arms[i].Best
		}
	} else {
		posteriors := make([]Posterior, len(arms))
		for i, a := range arms {
			posteriors[i] = a.Posterior
		}
		for i, best := range bests(posteriors) {
			arms[i].Best = best
		}
	}
	r := &Row{Arms: arms, Mode: p.Mode}
	p.spread(r)
	return r.sign()
}

// spread sets propensities by the probabilities of being best.
func (p Policy) spread(r *Row) {
	leader := 0
	for i, a := range r.Arms {
		if a.Best > r.Arms[leader].Best {
			leader = i
		}
	}
	learns := p.Mode == Bandit || p.Mode == Frozen
	r.Promoted = learns && len(r.Arms) > 1 && p.PromoteAt < 1 && r.Arms[leader].Best > p.PromoteAt
	share := 1 / float64(len(r.Arms))
	for i := range r.Arms {
		a := &r.Arms[i]
		switch {
		case p.Mode == Equal:
			a.Propensity = share
		case !r.Promoted && learns:
			a.Propensity = p.Floor + max(1-p.Floor/share, 0)*a.Best
		case i == leader:
			a.Propensity = 1
		}
	}
}
