package ledger

import (
	"maps"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/live"
)

// rule is what a choice learns from. Under other rules the same records teach something else.
type rule struct {
	reward  string
	within  time.Duration
	actions []string
}

type rules map[string]rule

func rulesOf(choices []decide.Choice) rules {
	r := rules{}
	for _, c := range choices {
		r[c.Name] = rule{c.Reward, c.Within, c.Actions}
	}
	return r
}

func (r rules) equal(other rules) bool {
	return maps.EqualFunc(r, other, func(a, b rule) bool {
		return a.reward == b.reward && a.within == b.within && slices.Equal(a.actions, b.actions)
	})
}

// fold is everything that is known of the journal up to its cursors. One goroutine owns it; all but its counts, which anybody may read.
type fold struct {
	rules   rules
	teaches map[string][]string // by action: the choices that its outcomes are news to
	cursors []string
	learner *bandit.Learner
	learnt  bool // something since it was published
	counts  *counts
	// told is called with every outcome.
	told func(*live.Outcome)
}

func newFold(shards int, r rules, now func() time.Time) *fold {
	f := &fold{rules: r, teaches: map[string][]string{}, cursors: make([]string, shards), learner: bandit.New(), counts: newCounts(now)}
	for name, rule := range r {
		for _, action := range rule.actions {
			f.teaches[action] = append(f.teaches[action], name)
		}
	}
	return f
}

// take reads what follows in a shard's journal; what was read before is passed over. It returns the errors of records that cannot be
// read, which are left out.
func (f *fold) take(shard int, entries []store.Entry) (unreadable []error) {
	for i := range entries {
		e := &entries[i]
		if e.Cursor <= f.cursors[shard] {
			continue
		}
		f.cursors[shard] = e.Cursor
		var err error
		switch e.Kind {
		case store.RecordDecision:
			err = f.decided(e)
		case store.RecordOutcome:
			err = f.became(e)
		}
		if err != nil {
			unreadable = append(unreadable, err)
		}
	}
	return unreadable
}

// decided takes in a decision. What a holdout held back was drawn like the rest, but nothing can be learnt from it.
func (f *fold) decided(e *store.Entry) error {
	d, err := readDecision(e)
	if err != nil {
		return err
	}
	f.counts.decided(&d)
	for _, drawn := range d.Draws {
		rule, known := f.rules[drawn.Choice]
		at := slices.IndexFunc(d.Actions, func(a action) bool { return a.ID == drawn.Action })
		if !known || at < 0 {
			continue
		}
		f.learner.Issue(bandit.Issue{
			Choice: drawn.Choice, ID: drawn.Action, Segment: drawn.Segment, Arm: drawn.Arm, At: d.Actions[at].Issued, Within: rule.within,
		})
		f.learnt = true
	}
	return nil
}

// became takes in an outcome.
func (f *fold) became(e *store.Entry) error {
	o, err := readOutcome(e)
	if err != nil {
		return err
	}
	f.counts.became(&o)
	if f.told != nil {
		f.told(&o)
	}
	if o.Held {
		return nil
	}
	for _, choice := range f.teaches[o.Action] {
		if f.rules[choice].reward == o.Outcome {
			f.learner.Reward(bandit.Reward{Choice: choice, ID: o.ActionID, At: o.At})
			f.learnt = true
		}
	}
	return nil
}
