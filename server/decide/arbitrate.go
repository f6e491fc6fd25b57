package decide

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/trial"
)

// arbitrate issues the worthiest: of one kind and channel one, and no more than there is room for. What cannot be issued makes room for
// the next worthiest.
func (d *Decider) arbitrate() {
	slices.SortStableFunc(d.ranked, func(a, b *candidate) int {
		if byWorth := cmp.Compare(b.worth.Total, a.worth.Total); byWorth != 0 {
			return byWorth
		}
		return cmp.Compare(a.Play.Index, b.Play.Index)
	})
	for len(d.ranked) > 0 {
		c := d.ranked[0]
		if x := c.action.Experiment; x != nil && trial.Place(x.Salt, d.in.Facts.Customer.ID) < x.Share {
			if drawn, ok := d.compete(x); ok {
				d.try(drawn.candidate, drawn.Draw)
			}
			continue // what cannot be drawn from was withheld
		}
		d.ranked = d.ranked[1:]
		d.try(c, Draw{})
	}
}

// try issues an action unless a cap, a budget or an action that was issued already stops it.
func (d *Decider) try(c *candidate, drawn Draw) {
	if d.full(c) {
		return
	}
	for i := range d.out.Actions {
		if a := &d.out.Actions[i]; a.Kind == c.action.Kind && a.Channel == c.channel {
			d.withhold(c, Outranked, a.Name, 0)
			return
		}
	}
	if len(d.out.Actions) >= d.in.Max {
		by := ""
		if n := len(d.out.Actions); n > 0 {
			by = d.out.Actions[n-1].Name
		}
		d.withhold(c, Outranked, by, 0)
		return
	}
	if b := d.spend(c); b != nil {
		d.exhausted(c, b)
		return
	}
	d.issue(c, drawn)
}

// full tells whether a cap is reached, or a budget known to be spent, and says so.
func (d *Decider) full(c *candidate) bool {
	if !c.action.Staff {
		for i := range d.in.Playbook.Caps {
			limit := &d.in.Playbook.Caps[i]
			if until, reached := d.reached(limit, c); reached {
				d.withhold(c, Capped, limit.Name, until)
				return true
			}
		}
	}
	if d.in.Budgets == nil {
		return false
	}
	for i := range d.in.Playbook.Budgets {
		b := &d.in.Playbook.Budgets[i]
		if b.Scope.Covers(c.action, c.channel) && !d.in.Budgets.Left(b, d.in.Now) {
			d.exhausted(c, b)
			return true
		}
	}
	return false
}

func (d *Decider) exhausted(c *candidate, b *playbook.Budget) {
	_, end := b.Window(d.in.Now, d.in.Playbook.Timezone)
	d.withhold(c, Budget, b.Name, end.UnixMilli())
}

// spend takes from every budget that an action costs, or from none, and returns the one that had nothing left. What a holdout holds back
// is withheld as if it cost, so that both arms are alike, and costs nothing.
func (d *Decider) spend(c *candidate) (spent *playbook.Budget) {
	if d.in.Budgets == nil {
		return nil
	}
	budgets, n := d.in.Playbook.Budgets, 0
	for ; n < len(budgets) && spent == nil; n++ {
		if budgets[n].Scope.Covers(c.action, c.channel) && !d.in.Budgets.Take(&budgets[n], d.in.Now) {
			spent = &budgets[n]
		}
	}
	if spent == nil && (!d.held || c.action.Staff) {
		return nil
	}
	for i := range budgets[:n] {
		if b := &budgets[i]; b != spent && b.Scope.Covers(c.action, c.channel) {
			d.in.Budgets.GiveBack(b, d.in.Now)
		}
	}
	return spent
}

// reached counts what a cap takes in, this decision's actions among it, and says until when it is full.
func (d *Decider) reached(limit *playbook.Cap, c *candidate) (until int64, reached bool) {
	if !limit.Scope.Covers(c.action, c.channel) {
		return 0, false
	}
	from, to := limit.Per.Span(d.local)
	since := from.UnixMilli()
	if limit.Per.Rolling > 0 {
		since++ // what happened a whole window ago has just left it
	}
	count := 0
	for i := range d.out.Actions {
		if a := &d.out.Actions[i]; !a.Pending && !a.Staff && limit.Scope.Covers(a.Action, a.Channel) {
			count++
		}
	}
	oldest := int64(0)
	for i := len(d.in.Contacts) - 1; i >= 0; i-- {
		past := &d.in.Contacts[i]
		if past.At < since {
			break
		}
		if past.Flags&features.Staff != 0 || returned(past) || !limit.Scope.Takes(past.Action, past.Kind, past.Channel) {
			continue
		}
		if count++; count == limit.Max {
			oldest = past.At
		}
	}
	switch {
	case count < limit.Max:
		return 0, false
	case limit.Per.Rolling == 0:
		return to.UnixMilli(), true
	case oldest > 0:
		return oldest + limit.Per.Rolling.Milliseconds(), true
	}
	return 0, true
}

// issue settles the wording and writes the action down.
func (d *Decider) issue(c *candidate, drawn Draw) {
	a := Action{
		Action: c.action, Play: c.Play, Event: c.Event, Channel: c.channel, Worth: c.worth, Likelihood: c.worth.Likelihood, Propensity: 1,
		At: d.in.Now, Expires: d.in.Now + c.action.Expires.Milliseconds(),
		ID: d.in.Decision + "." + strconv.Itoa(len(d.out.Actions)+1),
	}
	if drawn.Choice != "" {
		a.Propensity *= drawn.Propensity
		a.Draws = append(a.Draws, drawn)
	}
	if n := len(c.action.Variants); n > 0 {
		chosen := d.draw(wording+c.action.Name, &c.action.Learning, n, bandit.All, func(i int) string { return c.action.Variants[i].Name })
		a.Variant = c.action.Variant(chosen.Arm)
		a.Propensity *= chosen.Propensity
		a.Draws = append(a.Draws, chosen)
	}
	d.out.Actions = append(d.out.Actions, a)
}
