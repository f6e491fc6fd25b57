package bandit

import (
	"maps"
	"math"
)

// Table returns what was published last.
func (l *Learner) Table() *Table { return l.current.Load() }

// Publish works out how all choices stand by what was folded so far, and makes that the Table. Only choices that something was folded
// for, or that were defined anew, are worked out again, and of their rows only those that differ. It costs about 0.2 ms a row of
// four arms whose posteriors changed.
func (l *Learner) Publish() *Table {
	before := l.current.Load()
	after := &Table{choices: maps.Clone(before.choices)}
	if after.choices == nil {
		after.choices = map[string]*standing{}
	}
	for name, c := range l.choices {
		switch {
		case c.Arms == nil:
			delete(after.choices, name)
		case c.changed || before.choices[name] == nil:
			after.choices[name] = l.standing(c, before.choices[name])
			c.changed = false
		}
	}
	l.current.Store(after)
	return after
}

// standing works out the rows of a choice.
func (l *Learner) standing(c *learning, before *standing) *standing {
	if before == nil {
		before = &standing{}
	}
	pool := make([]counts, len(c.Arms))
	for _, segment := range c.segments {
		for i, arm := range c.Arms {
			pool[i].add(l.at(cell{c.Name, segment, arm}).frozen, 1)
		}
	}
	s := &standing{rows: make(map[string]*Row, len(c.segments))}
	for _, segment := range c.segments {
		arms := make([]Arm, len(c.Arms))
		for i, arm := range c.Arms {
			t := l.at(cell{c.Name, segment, arm})
			arms[i] = Arm{Name: arm, Trials: t.all.trials, Rewards: t.all.rewards, Posterior: posterior(t.frozen, minus(pool[i], t.frozen))}
		}
		s.rows[segment] = c.Policy.row(arms, before.rows[segment])
	}
	arms := make([]Arm, len(c.Arms))
	for i, arm := range c.Arms {
		arms[i] = Arm{Name: arm, Posterior: posterior(counts{}, pool[i])}
	}
	s.fresh = c.Policy.row(arms, before.fresh)
	return s
}

// at returns what is known of one cell, which may be nothing.
func (l *Learner) at(c cell) tally {
	if n, known := l.index[c]; known {
		return l.tallies[n]
	}
	return tally{}
}

// posterior is what is believed after an arm's own counts in a segment and those of the other segments. What is borrowed is rounded to
// a sixteenth of a trial, so that one more event among many elsewhere leaves most rows as they are.
func posterior(own, others counts) Posterior {
	weight := 1.0
	if others.trials > PoolTrials {
		weight = PoolTrials / float64(others.trials)
	}
	borrowed := func(n uint64) float64 { return math.Round(16*weight*float64(n)) / 16 }
	return Posterior{
		Alpha: 1 + float64(own.rewards) + borrowed(others.rewards),
		Beta:  1 + float64(own.trials-own.rewards) + borrowed(others.trials-others.rewards),
	}
}
