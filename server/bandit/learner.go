package bandit

import (
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// PoolTrials bounds the weight of other segments' experience: that of so many trials of the segment's own.
	PoolTrials = 100
	// MaxSegments bounds the segments of one choice. What is issued in yet another one counts under the segment "".
	MaxSegments = 256
)

// Issue says that an arm was issued.
type Issue struct {
	Choice  string
	ID      string // of the action that was issued
	Segment string
	Arm     string
	At      time.Time
	Within  time.Duration // in which a reward counts
}

// Reward says that what was issued led to what is hoped for.
type Reward struct {
	Choice string
	ID     string // of the Issue
	At     time.Time
}

// Learner folds issues and rewards into a Table. An issue is a trial at once; a reward counts when it came within the issue's window,
// once. It does not matter in which order events come, nor how often each of them does, as long as Forget was not told that they are
// past. One goroutine uses a Learner; all but Table, which any may call. A Learner remembers 60 to 100 bytes an open issue.
type Learner struct {
	choices map[string]*learning
	index   map[cell]uint32 // into tallies
	tallies []tally
	open    map[uint64]issue
	settled int64 // windows that ended before it are closed; microseconds since 1970, as all times here
	current atomic.Pointer[Table]
}

// learning is one choice, whether or not it is defined now.
type learning struct {
	Choice   // no arms: not defined
	segments []string
	frozen   int64 // later events are not learnt from; never: all are
	changed  bool
}

type cell struct{ choice, segment, arm string }

type tally struct {
	cell
	all    counts
	frozen counts // those until its choice froze; all, while it is not frozen
}

type counts struct{ trials, rewards uint64 }

// issue is what has to be remembered of what was issued, or of a reward whose issue is yet to come.
type issue struct {
	at, until int64
	rewarded  int64 // the earliest; never: not yet
	tally     uint32
}

const (
	never   = math.MaxInt64
	unknown = math.MaxUint32 // the tally of a reward without an issue
)

// New makes a Learner that knows nothing.
func New() *Learner {
	l := &Learner{choices: map[string]*learning{}, index: map[cell]uint32{}, open: map[uint64]issue{}, settled: math.MinInt64}
	l.current.Store(&Table{})
	return l
}

// Define says which choices there are from now on, and how they learn. What is known of others, and of arms that are listed no more,
// is kept for when they come back. It fails, and changes nothing, when a choice is not as its fields say.
func (l *Learner) Define(choices []Choice) error {
	var problems []error
	names := map[string]bool{}
	for _, c := range choices {
		problems = append(problems, c.check())
		if names[c.Name] {
			problems = append(problems, errors.New("choice "+c.Name+": it is defined twice"))
		}
		names[c.Name] = true
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	for _, c := range l.choices {
		c.Arms = nil
	}
	for _, c := range choices {
		known := l.choice(c.Name)
		known.Choice, known.changed = c, true
		frozen := int64(never)
		if c.Policy.Mode == Frozen {
			frozen = c.Policy.Since.UnixMicro()
		}
		if frozen != known.frozen {
			known.frozen = frozen
			l.freeze(known)
		}
	}
	return nil
}

func (l *Learner) choice(name string) *learning {
	c := l.choices[name]
	if c == nil {
		c = &learning{Choice: Choice{Name: name}, frozen: never}
		l.choices[name] = c
	}
	return c
}

// freeze sets apart what was known of a choice when it froze: all that is known, less what remembered issues brought later.
func (l *Learner) freeze(c *learning) {
	for i := range l.tallies {
		if t := &l.tallies[i]; t.choice == c.Name {
			t.frozen = t.all
		}
	}
	for _, e := range l.open {
		if e.tally != unknown && l.tallies[e.tally].choice == c.Name {
			l.tallies[e.tally].frozen.add(minus(e.worth(never), e.worth(c.frozen)), -1)
		}
	}
}

// Issue takes in what was issued.
func (l *Learner) Issue(i Issue) {
	until := i.At.Add(max(i.Within, 0)).UnixMicro()
	if until < l.settled {
		return
	}
	key := Seed(i.ID, i.Choice)
	e, known := l.open[key]
	if known && e.tally != unknown {
		return
	}
	if !known {
		e.rewarded = never
	}
	e.at, e.until, e.tally = i.At.UnixMicro(), until, l.tally(i)
	l.open[key] = e
	l.count(e, 1)
}

// Reward takes in what came of it. Rewards of what is never issued are kept until Forget.
func (l *Learner) Reward(r Reward) {
	at := r.At.UnixMicro()
	key := Seed(r.ID, r.Choice)
	e, known := l.open[key]
	switch {
	case !known && at < l.settled, known && at >= e.rewarded:
		return
	case !known:
		l.open[key] = issue{rewarded: at, tally: unknown}
		return
	}
	l.count(e, -1)
	e.rewarded = at
	l.count(e, 1)
	l.open[key] = e
}

// Forget closes the windows that ended before a time. What it forgets keeps its counts, but is neither rewarded any more nor known
// when it comes again; an issue whose window ended before is not taken in. Call it with the time up to which the journal was read,
// less how late an outcome may be reported.
func (l *Learner) Forget(before time.Time) {
	l.settled = max(l.settled, before.UnixMicro())
	for key, e := range l.open {
		if e.tally != unknown && e.until < l.settled || e.tally == unknown && e.rewarded < l.settled {
			delete(l.open, key)
		}
	}
}

func (l *Learner) tally(i Issue) uint32 {
	at := cell{i.Choice, i.Segment, i.Arm}
	if n, known := l.index[at]; known {
		return n
	}
	c := l.choice(i.Choice)
	if !slices.Contains(c.segments, i.Segment) {
		if len(c.segments) >= MaxSegments && i.Segment != "" {
			i.Segment = ""
			return l.tally(i)
		}
		c.segments = append(c.segments, i.Segment)
	}
	n := uint32(len(l.tallies))
	l.tallies = append(l.tallies, tally{cell: at})
	l.index[at] = n
	return n
}

// count adds an issue to its tally, or takes it back.
func (l *Learner) count(e issue, sign int) {
	if e.tally == unknown {
		return
	}
	t := &l.tallies[e.tally]
	c := l.choices[t.choice]
	t.all.add(e.worth(never), sign)
	t.frozen.add(e.worth(c.frozen), sign)
	c.changed = true
}

// worth returns what an issue counts for when all after a time is left out. A reward dated before its issue came with it.
func (e issue) worth(last int64) (c counts) {
	if e.at <= last {
		c.trials = 1
	}
	if e.rewarded <= e.until && max(e.rewarded, e.at) <= last {
		c.rewards = 1
	}
	return c
}

func (c *counts) add(d counts, sign int) {
	c.trials += uint64(sign) * d.trials
	c.rewards += uint64(sign) * d.rewards
}

func minus(a, b counts) counts { return counts{a.trials - b.trials, a.rewards - b.rewards} }
