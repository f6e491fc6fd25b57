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
	Reward  string        `json:"reward"`
	Within  time.Duration `json:"within"`
	Actions []string      `json:"actions"`
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
		return a.Reward == b.Reward && a.Within == b.Within && slices.Equal(a.Actions, b.Actions)
	})
}

// fold is what is learnt of the journal up to its cursors under some rules, with the counts, which no rules bind and which may have come
// further. One goroutine owns it; all but the counts, which anybody may read.
type fold struct {
	rules   rules
	teaches map[string][]string // by action: the choices that its outcomes are news to
	cursors []string
	learner *bandit.Learner
	learnt  bool // something since it was published
	moved   bool // the cursors, since it was saved
	counts  *counts
	// told is called with every outcome that was not counted before.
	told func(*live.Outcome)
}

func newFold(r rules, c *counts, told func(*live.Outcome)) *fold {
	f := &fold{
		rules: r, teaches: map[string][]string{}, cursors: make([]string, len(c.cursors)), learner: bandit.New(), counts: c, told: told,
	}
	for name, rule := range r {
		for _, action := range rule.Actions {
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
		f.cursors[shard], f.moved = e.Cursor, true
		news := e.Cursor > f.counts.cursors[shard]
		if news {
			f.counts.cursors[shard] = e.Cursor
		}
		var err error
		switch e.Kind {
		case store.RecordDecision:
			err = f.decided(e, news)
		case store.RecordOutcome:
			err = f.became(e, news)
		}
		if err != nil {
			unreadable = append(unreadable, err)
		}
	}
	return unreadable
}

// decided takes in a decision. What a holdout held back was drawn like the rest, but nothing can be learnt from it.
func (f *fold) decided(e *store.Entry, news bool) error {
	d, err := readDecision(e)
	if err != nil {
		return err
	}
	if news {
		f.counts.decided(&d)
	}
	for _, drawn := range d.Draws {
		rule, known := f.rules[drawn.Choice]
		at := slices.IndexFunc(d.Actions, func(a action) bool { return a.ID == drawn.Action })
		if !known || at < 0 {
			continue
		}
		f.learner.Issue(bandit.Issue{
			Choice: drawn.Choice, ID: drawn.Action, Segment: drawn.Segment, Arm: drawn.Arm, At: d.Actions[at].Issued, Within: rule.Within,
		})
		f.learnt = true
	}
	return nil
}

// became takes in an outcome.
func (f *fold) became(e *store.Entry, news bool) error {
	o, err := readOutcome(e)
	if err != nil {
		return err
	}
	if news {
		f.counts.became(&o)
		f.told(&o)
	}
	if o.Held {
		return nil
	}
	for _, choice := range f.teaches[o.Action] {
		if f.rules[choice].Reward == o.Outcome {
			f.learner.Reward(bandit.Reward{Choice: choice, ID: o.ActionID, At: o.At})
			f.learnt = true
		}
	}
	return nil
}
