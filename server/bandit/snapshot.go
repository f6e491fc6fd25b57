package bandit

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Snapshot is all that a Learner knows, but for what Define said. Learners that know the same have equal snapshots. Times are
// microseconds since 1970.
type Snapshot struct {
	Settled int64            `json:"settled"`
	Frozen  map[string]int64 `json:"frozen,omitempty"` // by choice: when learning froze
	Tallies []Tally          `json:"tallies"`
	Open    []Open           `json:"open"`
}

// Tally is what is known of one arm of a choice in one segment. Learnt counts are those from before the choice froze.
type Tally struct {
	Choice        string `json:"choice"`
	Segment       string `json:"segment"`
	Arm           string `json:"arm"`
	Trials        uint64 `json:"trials"`
	Rewards       uint64 `json:"rewards"`
	LearntTrials  uint64 `json:"learnt_trials"`
	LearntRewards uint64 `json:"learnt_rewards"`
}

// Open is an issue whose window has not closed, or a reward whose issue is yet to come.
type Open struct {
	Key      uint64 `json:"key"`
	Tally    int    `json:"tally"` // the index in Snapshot.Tallies; -1 for a reward without its issue
	At       int64  `json:"at"`
	Until    int64  `json:"until"`
	Rewarded *int64 `json:"rewarded,omitempty"`
}

// Snapshot returns what the Learner knows; it shares no memory with it.
func (l *Learner) Snapshot() Snapshot {
	s := Snapshot{Settled: l.settled, Frozen: map[string]int64{}, Tallies: make([]Tally, len(l.tallies)), Open: make([]Open, 0, len(l.open))}
	for name, c := range l.choices {
		if c.frozen != never {
			s.Frozen[name] = c.frozen
		}
	}
	for i, t := range l.tallies {
		s.Tallies[i] = Tally{t.choice, t.segment, t.arm, t.all.trials, t.all.rewards, t.frozen.trials, t.frozen.rewards}
	}
	place := order(s.Tallies)
	for key, e := range l.open {
		o := Open{Key: key, Tally: -1, At: e.at, Until: e.until}
		if e.tally != unknown {
			o.Tally = place[e.tally]
		}
		if e.rewarded != never {
			o.Rewarded = &e.rewarded
		}
		s.Open = append(s.Open, o)
	}
	slices.SortFunc(s.Open, func(a, b Open) int { return cmp.Compare(a.Key, b.Key) })
	return s
}

// order sorts tallies and returns where each of them went.
func order(tallies []Tally) []int {
	from := make([]int, len(tallies))
	for i := range from {
		from[i] = i
	}
	less := func(a, b Tally) int {
		return cmp.Or(cmp.Compare(a.Choice, b.Choice), cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Arm, b.Arm))
	}
	slices.SortFunc(from, func(a, b int) int { return less(tallies[a], tallies[b]) })
	slices.SortFunc(tallies, less)
	place := make([]int, len(from))
	for to, i := range from {
		place[i] = to
	}
	return place
}

// Restore makes a Learner out of a snapshot. No choice is defined yet. It fails when the snapshot contradicts itself.
func Restore(s Snapshot) (*Learner, error) {
	l := New()
	l.settled = s.Settled
	for i, t := range s.Tallies {
		all, frozen := counts{t.Trials, t.Rewards}, counts{t.LearntTrials, t.LearntRewards}
		at := cell{t.Choice, t.Segment, t.Arm}
		_, twice := l.index[at]
		if twice || all.rewards > all.trials || frozen.rewards > frozen.trials || !all.atLeast(frozen) || all.trials > math.MaxInt64 {
			return nil, fmt.Errorf("tallies[%d]: one an arm is expected, with rewards up to trials and what was learnt up to all, got %+v", i, t)
		}
		c := l.choice(t.Choice)
		if !slices.Contains(c.segments, t.Segment) {
			c.segments = append(c.segments, t.Segment)
		}
		l.index[at] = uint32(i)
		l.tallies = append(l.tallies, tally{at, all, frozen})
	}
	for name, at := range s.Frozen {
		l.choice(name).frozen = at
	}
	for i, o := range s.Open {
		e, err := o.issue(len(l.tallies))
		if err != nil {
			return nil, fmt.Errorf("open[%d]: %w", i, err)
		}
		l.open[o.Key] = e
	}
	if err := l.balanced(); err != nil {
		return nil, err
	}
	return l, nil
}

// balanced fails when open issues claim more than was counted.
func (l *Learner) balanced() error {
	all, frozen := make([]counts, len(l.tallies)), make([]counts, len(l.tallies))
	for _, e := range l.open {
		if e.tally != unknown {
			all[e.tally].add(e.worth(never), 1)
			frozen[e.tally].add(e.worth(l.choices[l.tallies[e.tally].choice].frozen), 1)
		}
	}
	for i, t := range l.tallies {
		if !t.all.atLeast(all[i]) || !t.frozen.atLeast(frozen[i]) {
			return fmt.Errorf("tallies[%d]: at least what is open is expected, got fewer trials or rewards", i)
		}
	}
	return nil
}

func (c counts) atLeast(d counts) bool { return c.trials >= d.trials && c.rewards >= d.rewards }

func (o Open) issue(tallies int) (issue, error) {
	e := issue{at: o.At, until: o.Until, rewarded: never, tally: unknown}
	if o.Rewarded != nil {
		e.rewarded = *o.Rewarded
	}
	switch {
	case o.Tally < -1 || o.Tally >= tallies:
		return e, fmt.Errorf("tally: an index below %d is expected, got %d", tallies, o.Tally)
	case o.Tally == -1 && o.Rewarded == nil:
		return e, errors.New("rewarded: expected where there is no tally")
	case o.Until < o.At:
		return e, fmt.Errorf("until: not before at, %d, is expected, got %d", o.At, o.Until)
	case o.Tally >= 0:
		e.tally = uint32(o.Tally)
	}
	return e, nil
}
