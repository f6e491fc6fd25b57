package live

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// triggerMaxAge is how late an event may be and still fire a play: what is said about a moment long gone helps nobody.
const triggerMaxAge = 5 * time.Minute

// moments is what a customer's events bring about: plays whose moment has come, and timers of those whose moment may come.
type moments struct {
	fired  []decide.Firing
	timers []store.TimerChange
}

func (m *moments) reset() {
	clear(m.fired)
	clear(m.timers)
	m.fired, m.timers = m.fired[:0], m.timers[:0]
}

// note takes in an event that was folded. An event that is not fresh cancels what it makes moot, and fires nothing.
func (m *moments) note(book *playbook.Playbook, state *features.State, e *event.Event, fresh bool) {
	at, _ := e.Time()
	for _, p := range book.MootedBy(e.Name) {
		m.cancel(state, p.Name)
	}
	m.dwell(book, state, e, at, fresh)
	if !fresh || e.ReceivedAt-at > triggerMaxAge.Milliseconds() {
		return
	}
	for _, p := range book.FiredBy(e.Name) {
		m.fired = append(m.fired, decide.Firing{Play: p, Event: e})
	}
	for _, p := range book.StartedBy(e.Name) {
		m.wait(state, features.Wait{Name: p.Name, Due: at + p.After.Milliseconds()}, e)
	}
}

// dwell begins to wait when a customer comes to a page, and stops when they go.
func (m *moments) dwell(book *playbook.Playbook, state *features.State, e *event.Event, at int64, fresh bool) {
	viewed := e.Name == event.PageViewed || e.Name == event.ScreenViewed
	if !viewed && e.Name != event.PageLeft {
		return
	}
	path := e.Properties.Find("path").Text()
	for _, p := range book.Dwelling() {
		w, waiting := state.Waiting(p.Name)
		here := viewed && p.Dwell.Matches(path)
		switch {
		case here && !waiting && fresh && e.ReceivedAt-at <= triggerMaxAge.Milliseconds():
			m.wait(state, features.Wait{Name: p.Name, Due: at + p.Dwell.LongerThan.Milliseconds(), For: cmp.Or(path, p.Dwell.Path)}, e)
		case !here && w.For != "": // not when it waits for an hour, having fired
			m.cancel(state, p.Name)
		}
	}
}

func (m *moments) wait(state *features.State, w features.Wait, e *event.Event) {
	if state.Wait(w) {
		m.change(store.TimerChange{Name: w.Name, Due: time.UnixMilli(w.Due), Payload: e.AppendJSON(nil)})
	}
}

func (m *moments) cancel(state *features.State, name string) {
	if state.Unwait(name) {
		m.change(store.TimerChange{Name: name})
	}
}

// change notes what becomes of a timer; of several changes the last one counts.
func (m *moments) change(c store.TimerChange) {
	m.timers = slices.DeleteFunc(m.timers, func(o store.TimerChange) bool { return o.Name == c.Name })
	m.timers = append(m.timers, c)
}

// moment is the instant at which plays fire, as the last of their events tells it. A customer whose visit is over is on no channel any
// more.
func (p *person) moment(now int64) (m features.Moment) {
	fired := p.moments.fired
	if p.features.Session(p.state.LastAt(), now) {
		m.Channel = channelOf(fired)
	}
	for i := range fired {
		if e := fired[i].Event; e != nil {
			m.Context, m.Page = e.Context, e.Properties.Find("path").Text()
		}
	}
	return m
}

// channelOf is where the customer was when the play was fired.
func channelOf(fired []decide.Firing) string {
	for i := len(fired) - 1; i >= 0; i-- {
		if e := fired[i].Event; e != nil && e.Channel != "" {
			return strings.ToLower(e.Channel)
		}
	}
	return ""
}
