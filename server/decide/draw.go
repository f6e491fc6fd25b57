package decide

import (
	"math"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// drawn is a candidate that chance chose among those of an experiment.
type drawn struct {
	*candidate
	Draw
}

// compete draws one of the actions of an experiment that are candidates and that no cap stops, withholds the others, and takes all of
// them off the list. It says false when there is nothing to draw from.
func (d *Decider) compete(x *playbook.Experiment) (drawn, bool) {
	var among bandit.Set
	for i, a := range x.Actions {
		if at := d.index(a); at >= 0 {
			if d.full(d.ranked[at]) {
				d.ranked = slices.Delete(d.ranked, at, at+1)
				continue
			}
			among |= 1 << i
		}
	}
	if among == 0 {
		return drawn{}, false
	}
	chosen := drawn{Draw: d.draw(experimental+x.Name, &x.Learning, len(x.Actions), among, func(i int) string { return x.Actions[i].Name })}
	for i, a := range x.Actions {
		if among&(1<<i) == 0 {
			continue
		}
		at := d.index(a)
		if a.Name == chosen.Arm {
			chosen.candidate = d.ranked[at]
		} else {
			d.withhold(d.ranked[at], Experiment, x.Name, 0)
		}
		d.ranked = slices.Delete(d.ranked, at, at+1)
	}
	return chosen, true
}

func (d *Decider) index(a *playbook.Action) int {
	return slices.IndexFunc(d.ranked, func(c *candidate) bool { return c.action == a })
}

// draw chooses one of n arms as the table says, or alike when it says nothing.
func (d *Decider) draw(choice string, l *playbook.Learning, n int, among bandit.Set, name func(int) string) Draw {
	out := Draw{Choice: choice, Segment: segment(l, d.in.Facts)}
	seed := bandit.Seed(d.in.Decision, choice)
	if d.in.Table != nil {
		if row := d.in.Table.Row(choice, out.Segment); row != nil && fits(row, n, name) {
			d.drawnFrom(bandit.Standing{Choice: choice, Segment: out.Segment, Row: row})
			arm, propensity := row.Draw(seed, among)
			out.Arm, out.Propensity, out.Row = row.Arms[arm].Name, propensity, row.Version
			return out
		}
	}
	row := alike(n)
	arm, propensity := row.Draw(seed, among)
	out.Arm, out.Propensity = name(arm), propensity
	return out
}

// drawnFrom notes a row, so that the decision can be made again.
func (d *Decider) drawnFrom(s bandit.Standing) {
	if !slices.Contains(d.out.Rows, s) {
		d.out.Rows = append(d.out.Rows, s)
	}
}

// fits tells whether a row is about these arms: a playbook may serve before the table is that of its choices.
func fits(row *bandit.Row, n int, name func(int) string) bool {
	if len(row.Arms) != n {
		return false
	}
	for i := range row.Arms {
		if row.Arms[i].Name != name(i) {
			return false
		}
	}
	return true
}

// alike is a row in which nothing is known of any arm.
func alike(n int) *bandit.Row {
	row := &bandit.Row{Arms: make([]bandit.Arm, n), Mode: bandit.Equal}
	for i := range row.Arms {
		row.Arms[i].Propensity = 1 / float64(n)
	}
	return row
}

func segment(l *playbook.Learning, f *playbook.Facts) string {
	if l.Segment == nil {
		return ""
	}
	return l.Segment.Eval(f)
}

// Choice is a choice that a playbook leaves to chance, and what it learns from.
type Choice struct {
	bandit.Choice
	Actions []string      // whose outcomes it learns from
	Reward  string        // the outcome that counts
	Within  time.Duration // of being issued
}

// Choices are what a playbook has to learn.
func Choices(b *playbook.Playbook) []Choice {
	var out []Choice
	for _, a := range b.Actions {
		if len(a.Variants) == 0 {
			continue
		}
		c := choice(wording+a.Name, &a.Learning)
		c.Actions = []string{a.Name}
		for _, v := range a.Variants {
			c.Arms = append(c.Arms, v.Name)
		}
		out = append(out, c)
	}
	for _, x := range b.Experiments {
		c := choice(experimental+x.Name, &x.Learning)
		for _, a := range x.Actions {
			c.Actions = append(c.Actions, a.Name)
		}
		c.Arms = c.Actions
		out = append(out, c)
	}
	return out
}

func choice(name string, l *playbook.Learning) Choice {
	policy := bandit.Policy{Mode: bandit.Mode(l.Mode), Floor: l.Floor, PromoteAt: l.PromoteAt}
	return Choice{Choice: bandit.Choice{Name: name, Policy: policy}, Reward: l.Reward, Within: l.Within}
}

// unknownWorth is of what was decided before: the decision that issued it has it.
var unknownWorth = playbook.Worth{Likelihood: math.NaN(), Value: math.NaN(), Weight: math.NaN(), Cost: math.NaN(), Total: math.NaN()}

// pending offers again, before anything new, what was issued on the caller's channel when nobody had asked, and nobody has seen yet.
func (d *Decider) pending() {
	if !d.in.Asked || d.held {
		return
	}
	for i := range d.in.Contacts {
		c := &d.in.Contacts[i]
		const settled = features.Shown | features.Accepted | features.Declined | features.Dismissed | features.Converted | features.Expired
		if c.Flags != features.Proactive || c.Outcomes&settled != 0 || c.Expires <= d.in.Now || c.Channel != d.in.Facts.Channel {
			continue
		}
		a := d.in.Playbook.Action(c.Action)
		if a == nil || len(d.out.Actions) >= d.in.Max || len(d.in.Kinds) > 0 && !slices.Contains(d.in.Kinds, a.Kind) {
			continue
		}
		if d.in.OptOut.All || d.optedOut(a.Name) || d.optedOut(a.Kind) || d.optedOut(c.Channel) {
			continue
		}
		p := d.in.Playbook.Play(c.Play)
		if p == nil {
			continue
		}
		d.out.Actions = append(d.out.Actions, Action{
			Action: a, ID: c.ID, Play: p, Channel: c.Channel, Variant: a.Variant(c.Variant), At: c.At, Expires: c.Expires, Pending: true,
			Worth: unknownWorth, Likelihood: math.NaN(), Propensity: math.NaN(),
		})
	}
}
