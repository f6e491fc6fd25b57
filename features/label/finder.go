package label

import (
	"math"
	"slices"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Finder finds the points of one customer after another. It is for one goroutine.
type Finder struct {
	d      *Definition
	h      history
	points []Point
}

// NewFinder returns a finder of the definition's points.
func (d *Definition) NewFinder() *Finder { return &Finder{d: d} }

// history is all that one customer did, in order of arrival, without duplicates.
type history struct {
	customer string
	events   []event.Event
	times    []int64 // of the events, Unix milliseconds
	newest   []int64 // of the events so far
	ordered  bool    // no event is older than one before it
}

func (h *history) read(customer string, events []event.Event) {
	h.customer, h.events = customer, events
	h.times, h.newest, h.ordered = h.times[:0], h.newest[:0], true
	newest := int64(math.MinInt64)
	for i := range events {
		at, _ := events[i].Time()
		h.ordered = h.ordered && at >= newest
		newest = max(newest, at)
		h.times, h.newest = append(h.times, at), append(h.newest, newest)
	}
}

// Points returns the points of a customer, whose whole history the events are, in order of arrival and without duplicates. Those
// after an event come in the events' order, those of the calendar in that of time. They are valid until the next call.
func (f *Finder) Points(customer string, events []event.Event) []Point {
	f.points = f.points[:0]
	if len(events) == 0 {
		return nil
	}
	f.h.read(customer, events)
	switch f.d.points.kind {
	case calendarPoints:
		f.calendar()
	case eventPoints:
		f.afterEvents()
	case prefixPoints:
		f.prefixes()
	case lastPoint:
		f.after(len(events)-1, nil)
	}
	return f.points
}

// within says whether an instant lies in the bounds of the points.
func (p *points) within(at int64) bool { return at >= p.from && at < p.until }

// after adds the point right after event i, of a visit; nil when nothing asks for it.
func (f *Finder) after(i int, v *visit) *Point {
	at := f.h.newest[i]
	if !f.d.points.within(at) {
		return nil
	}
	p := Point{After: i, At: at}
	f.d.answer(&f.h, v, &p)
	p.Keys = f.keys(i)
	f.points = append(f.points, p)
	return &f.points[len(f.points)-1]
}

// keys are the values of the key columns at event i.
func (f *Finder) keys(i int) []string {
	if len(f.d.keys) == 0 {
		return nil
	}
	out := make([]string, len(f.d.keys))
	for k, getter := range f.d.keys {
		out[k] = keyText(getter.Eval(&f.h.events[i]))
	}
	return out
}

// calendar adds a point for each instant at which the customer was known.
func (f *Finder) calendar() {
	all := whole(&f.h)
	for _, at := range f.d.points.at {
		last := f.lastKnown(at)
		if last < 0 || !f.d.points.within(at) {
			continue
		}
		p := Point{After: Calendar, At: at}
		f.d.answer(&f.h, &all, &p)
		p.Keys = f.keys(last)
		f.points = append(f.points, p)
	}
}

// lastKnown is the last arrival of which was known at an instant, -1 when the customer was not known, or had no event that they have to have.
func (f *Finder) lastKnown(at int64) int {
	last, having := -1, f.d.points.having == nil
	for i := range f.h.events {
		e := &f.h.events[i]
		if KnownAt(e) > at {
			continue
		}
		last = i
		having = having || f.d.points.having.pick(e)
	}
	if !having {
		return -1
	}
	return last
}

// afterEvents adds a point after each event that the definition picks.
func (f *Finder) afterEvents() {
	d := f.d
	if !anyPicked(d.points.after, f.h.events) {
		return
	}
	visits := d.session.visits(&f.h)
	for n := range visits {
		v := &visits[n]
		first, having := true, d.points.having == nil
		for _, i := range v.events {
			e := &f.h.events[i]
			having = having || d.points.having.pick(e)
			if !d.points.after.pick(e) {
				continue
			}
			if skip := first && d.points.skipFirst; having && !skip {
				f.after(i, v)
			}
			first = false
		}
	}
	f.inOrder(len(visits))
}

// inOrder puts the points of several visits, which may run side by side, into the order of arrival.
func (f *Finder) inOrder(visits int) {
	if visits > 1 {
		slices.SortFunc(f.points, func(a, b Point) int { return a.After - b.After })
	}
}
