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
	// greatest is the most that a conversion may be worth. One of more counts without its value: it would drown all others, and sums that
	// are no numbers any more could be neither reported nor saved.
	greatest = 1e9
)

// cell is what is counted together: the actions that a play issued on a day in one wording.
type cell struct {
	Day     int    `json:"day"` // since 1970, UTC
	Play    string `json:"play"`
	Action  string `json:"action"`
	Variant string `json:"variant"`
}

// tally is how many actions a cell has, and how many of those issued came to each outcome.
type tally struct {
	Issued        uint64  `json:"issued"`
	Held          uint64  `json:"held"`
	Shown         uint64  `json:"shown"`
	Accepted      uint64  `json:"accepted"`
	Declined      uint64  `json:"declined"`
	Dismissed     uint64  `json:"dismissed"`
	Converted     uint64  `json:"converted"`
	Expired       uint64  `json:"expired"`
	HeldConverted uint64  `json:"held_converted"`
	Value         float64 `json:"value"` // of all conversions of what was issued, in ten-thousandths
}

func (t *tally) add(o *tally) {
	t.Issued, t.Held = t.Issued+o.Issued, t.Held+o.Held
	t.Shown, t.Accepted, t.Declined = t.Shown+o.Shown, t.Accepted+o.Accepted, t.Declined+o.Declined
	t.Dismissed, t.Converted, t.Expired = t.Dismissed+o.Dismissed, t.Converted+o.Converted, t.Expired+o.Expired
	t.HeldConverted, t.Value = t.HeldConverted+o.HeldConverted, t.Value+o.Value
}

// count finds the counter of an outcome of what was issued, nil when there is none of that name.
func (t *tally) count(outcome string) *uint64 {
	switch outcome {
	case "shown":
		return &t.Shown
	case "accepted":
		return &t.Accepted
	case "declined":
		return &t.Declined
	case "dismissed":
		return &t.Dismissed
	case "converted":
		return &t.Converted
	case "expired":
		return &t.Expired
	}
	return nil
}

// armCell is the draws of a day that fell on one arm of a choice.
type armCell struct {
	Day    int    `json:"day"`
	Choice string `json:"choice"`
	Arm    string `json:"arm"`
}

type drawn struct {
	Times uint64 `json:"times"`
	// Chances is the sum of the propensities that the arm was drawn with, in billionths.
	Chances uint64 `json:"chances"`
}

// counts is what reports are made of. It is safe for concurrent use.
type counts struct {
	now func() time.Time

	mu    sync.RWMutex
	cells map[cell]*tally
	arms  map[armCell]*drawn
	first int // the earliest day that is kept
	// cursors is how far each shard was counted. Only the goroutine that counts reads it.
	cursors []string
}

func newCounts(shards int, now func() time.Time) *counts {
	return &counts{now: now, cells: map[cell]*tally{}, arms: map[armCell]*drawn{}, cursors: make([]string, shards)}
}

func dayOf(t time.Time) int { return int(t.Unix() / (24 * 60 * 60)) }

func (c *counts) decided(d *decision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range d.Actions {
		if t := c.of(&d.Actions[i]); t != nil {
			t.Issued++
		}
	}
	for i := range d.Held {
		if t := c.of(&d.Held[i]); t != nil {
			t.Held++
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
				if !c.room(at.Day) {
					return
				}
				c.arms[at] = &drawn{}
			}
			c.arms[at].Times++
			c.arms[at].Chances += uint64(math.Round(min(max(one.Propensity, 0), 1) * billion))
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
			t.HeldConverted++
		}
	default:
		if n := t.count(o.Outcome); n != nil {
			*n++
		}
		if o.Outcome == "converted" && math.Abs(o.Value) <= greatest {
			t.Value += math.Round(o.Value * tenThousand)
		}
	}
}

// tally finds what a cell counts, nil when its day is not kept or there is no room for it.
func (c *counts) tally(at cell) *tally {
	t := c.cells[at]
	if t == nil && c.room(at.Day) {
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
			oldest = min(oldest, at.Day)
		}
		for at := range c.arms {
			oldest = min(oldest, at.Day)
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
	maps.DeleteFunc(c.cells, func(at cell, _ *tally) bool { return at.Day < day })
	maps.DeleteFunc(c.arms, func(at armCell, _ *drawn) bool { return at.Day < day })
}

// since sums up by play, action and variant what was issued on a day or later. The days of the cells returned are 0.
func (c *counts) since(day int) (cells map[cell]*tally, arms map[armCell]*drawn) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	cells, arms = map[cell]*tally{}, map[armCell]*drawn{}
	for at, t := range c.cells {
		if at.Day < day {
			continue
		}
		at.Day = 0
		if cells[at] == nil {
			cells[at] = &tally{}
		}
		cells[at].add(t)
	}
	for at, d := range c.arms {
		if at.Day < day {
			continue
		}
		at.Day = 0
		if arms[at] == nil {
			arms[at] = &drawn{}
		}
		arms[at].Times += d.Times
		arms[at].Chances += d.Chances
	}
	return cells, arms
}
