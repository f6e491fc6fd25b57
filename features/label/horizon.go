package label

import (
	"math"
	"sort"
)

// horizon is how far after a point the answer may lie.
type horizon struct {
	kind     horizonKind
	duration int64 // milliseconds
	next     selectors
	n        int
	atLeast  int
}

type horizonKind uint8

const (
	noHorizon horizonKind = iota
	duration
	sessionEnd
	nextEvents
)

// answer fills in the label of a point and the end of its horizon.
func (d *Definition) answer(h *history, v *visit, p *Point) {
	var found bool
	switch d.horizon.kind {
	case noHorizon:
		p.Label = float32(math.NaN())
		return
	case duration:
		p.Ends = p.At + d.horizon.duration
		found = d.within(h, p)
	case sessionEnd:
		p.Ends = v.last + d.session.silence
		found = d.among(h, p, rest(v, p))
	case nextEvents:
		window, complete := d.window(h, v, p)
		if !complete {
			p.Ends = Never
		}
		found = d.among(h, p, window)
	}
	if found != d.none {
		p.Label = 1
	}
}

// follows says whether event i comes after the point.
func (h *history) follows(i int, p *Point) bool {
	if p.After == Calendar {
		return h.times[i] > p.At
	}
	return i > p.After && h.times[i] >= p.At
}

// within looks for a positive event that follows the point and lies in its duration.
func (d *Definition) within(h *history, p *Point) bool {
	from := p.After + 1
	if h.ordered && p.After == Calendar {
		from = sort.Search(len(h.times), func(i int) bool { return h.times[i] > p.At })
	}
	for i := from; i < len(h.events); i++ {
		if h.times[i] > p.Ends {
			if h.ordered {
				return false
			}
			continue
		}
		if h.follows(i, p) && d.positive.pick(&h.events[i]) {
			return true
		}
	}
	return false
}

// among looks for a positive event that follows the point at one of the indexes.
func (d *Definition) among(h *history, p *Point, indexes []int) bool {
	for _, i := range indexes {
		if h.follows(i, p) && d.positive.pick(&h.events[i]) {
			return true
		}
	}
	return false
}

// rest are the events of a visit that arrived after the point.
func rest(v *visit, p *Point) []int {
	return v.events[sort.SearchInts(v.events, p.After+1):]
}

// window are the events after the point up to the nth that the horizon counts, and whether enough of those are among them.
func (d *Definition) window(h *history, v *visit, p *Point) (window []int, complete bool) {
	window = rest(v, p)
	counted := 0
	for k, i := range window {
		if !h.follows(i, p) || !d.horizon.next.pick(&h.events[i]) {
			continue
		}
		if counted++; counted == d.horizon.n {
			return window[:k+1], true
		}
	}
	return window, counted >= d.horizon.atLeast
}
