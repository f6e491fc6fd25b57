package ledger

import (
	"maps"
	"math"
	"sync"
	"time"

	"github.com/halfstep-ml/halfstep/server/live"
)

const (
	// keepDays is how far back reports go.
	keepDays = 90
	// maxCells bounds what is counted apart. Past it the oldest days go, and then what is new: only playbooks that keep renaming
	// things get there.
	maxCells = 1 << 16
	// Sums are of whole numbers, so that they do not depend on the order in which shards are read.
	tenThousand = 1e4
	billion     = 1e9
)

// cell is what is counted together: the actions that a play issued on a day in one wording.
type cell struct {
	day                   int // since 1970, UTC
	play, action, variant string
}

// tally is how many actions a cell has, and how many of those issued came to each outcome.
type tally struct {
	issued, held                                             uint64
	shown, accepted, declined, dismissed, converted, expired uint64
	heldConverted                                            uint64
	value                                                    float64 // of all conversions of what was issued
}

func (t *tally) add(o *tally) {
	t.issued, t.held = t.issued+o.issued, t.held+o.held
	t.shown, t.accepted, t.declined = t.shown+o.shown, t.accepted+o.accepted, t.declined+o.declined
	t.dismissed, t.converted, t.expired = t.dismissed+o.dismissed, t.converted+o.converted, t.expired+o.expired
	t.heldConverted, t.value = t.heldConverted+o.heldConverted, t.value+o.value
}

// count finds the counter of an outcome of what was issued, nil when there is none of that name.
func (t *tally) count(outcome string) *uint64 {
	switch outcome {
	case "shown":
		return &t.shown
	case "accepted":
		return &t.accepted
	case "declined":
		return &t.declined
	case "dismissed":
		return &t.dismissed
	case "converted":
		return &t.converted
	case "expired":
		return &t.expired
	}
	return nil
}

// armCell is the draws of a day that fell on one arm of a choice.
type armCell struct {
	day         int
	choice, arm string
}

type drawn struct {
	times uint64
	// chances is the sum of the propensities that the arm was drawn with, in billionths.
	chances uint64
}

// counts is what reports are made of. It is safe for concurrent use.
type counts struct {
	now func() time.Time

	mu    sync.RWMutex
	cells map[cell]*tally
	arms  map[armCell]*drawn
	first int // the earliest day that is kept
}

func newCounts(now func() time.Time) *counts {
	return &counts{now: now, cells: map[cell]*tally{}, arms: map[armCell]*drawn{}}
}

func dayOf(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }

func (c *counts) decided(d *decision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range d.Actions {
		if t := c.of(&d.Actions[i]); t != nil {
			t.issued++
		}
	}
	for i := range d.Held {
		if t := c.of(&d.Held[i]); t != nil {
			t.held++
		}
	}
	for _, one := range d.Draws {
		c.draw(d, one)
	}
}

func (c *counts) of(a *action) *tally {
	return c.tally(cell{dayOf(a.Issued), a.Play, a.Action, a.Variant})
}

// draw counts one draw, on the day of its action.
func (c *counts) draw(d *decision, one draw) {
	for _, actions := range [][]action{d.Actions, d.Held} {
		for i := range actions {
			if actions[i].ID != one.Action {
				continue
			}
			at := armCell{dayOf(actions[i].Issued), one.Choice, one.Arm}
			if c.arms[at] == nil {
				if !c.room(at.day) {
					return
				}
				c.arms[at] = &drawn{}
			}
			c.arms[at].times++
			c.arms[at].chances += uint64(math.Round(min(max(one.Propensity, 0), 1) * billion))
		}
	}
}

func (c *counts) became(o *live.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tally(cell{dayOf(o.Issued), o.Play, o.Action, o.Variant})
	switch {
	case t == nil:
	case o.Held:
		if o.Outcome == "converted" {
			t.heldConverted++
		}
	default:
		if n := t.count(o.Outcome); n != nil {
			*n++
		}
		if o.Outcome == "converted" {
			t.value += math.Round(o.Value * tenThousand)
		}
	}
}

// tally finds what a cell counts, nil when its day is not kept or there is no room for it.
func (c *counts) tally(at cell) *tally {
	t := c.cells[at]
	if t == nil && c.room(at.day) {
		t = &tally{}
		c.cells[at] = t
	}
	return t
}

// room says whether something new of a day can be counted. It drops what is not kept any more.
func (c *counts) room(day int) bool {
	today := dayOf(c.now())
	c.keepFrom(today - keepDays + 1)
	for len(c.cells)+len(c.arms) >= maxCells {
		oldest := today
		for at := range c.cells {
			oldest = min(oldest, at.day)
		}
		for at := range c.arms {
			oldest = min(oldest, at.day)
		}
		if oldest == today {
			return false
		}
		c.keepFrom(oldest + 1)
	}
	return day >= c.first
}

func (c *counts) keepFrom(day int) {
	if day <= c.first {
		return
	}
	c.first = day
	maps.DeleteFunc(c.cells, func(at cell, _ *tally) bool { return at.day < day })
	maps.DeleteFunc(c.arms, func(at armCell, _ *drawn) bool { return at.day < day })
}

// since sums up by play, action and variant what was issued on a day or later. The days of the cells returned are 0.
func (c *counts) since(day int) (cells map[cell]*tally, arms map[armCell]*drawn) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	cells, arms = map[cell]*tally{}, map[armCell]*drawn{}
	for at, t := range c.cells {
		if at.day < day {
			continue
		}
		at.day = 0
		if cells[at] == nil {
			cells[at] = &tally{}
		}
		cells[at].add(t)
	}
	for at, d := range c.arms {
		if at.day < day {
			continue
		}
		at.day = 0
		if arms[at] == nil {
			arms[at] = &drawn{}
		}
		arms[at].times += d.times
		arms[at].chances += d.chances
	}
	return cells, arms
}
