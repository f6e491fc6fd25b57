package live

import (
	"fmt"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/decide"
)

// wake takes a due timer off the state, if it is the one that the state means, and has its play fire unless it is moot.
func (p *person) wake(t *store.Timer, now int64) error {
	w, ok := p.state.Waiting(t.Name)
	if ok && w.Due != t.Due.UnixMilli() {
		return nil // it was moved; this is a claim of where it stood
	}
	p.moments.cancel(p.state, t.Name)
	if !ok {
		p.moments.change(store.TimerChange{Name: t.Name})
		return nil
	}
	play := p.book.Play(t.Name)
	switch {
	case play == nil:
		return nil // the playbook that set it serves no more
	case w.For != "" && !p.features.Session(p.state.LastAt(), now):
		return nil
	}
	e, err := event.Decode(t.Payload, event.Origin{History: true})
	if err != nil {
		return fmt.Errorf("read the event that play %s waits on: %w", t.Name, err)
	}
	p.moments.fired = append(p.moments.fired, decide.Firing{Play: play, Event: &e})
	return nil
}

// await puts off the plays that wait for an hour of the day.
func (p *person) await(now int64) {
	kept := p.moments.fired[:0]
	for _, f := range p.moments.fired {
		if until := p.hour(f, now); until > now {
			p.moments.wait(p.state, features.Wait{Name: f.Play.Name, Due: until}, f.Event)
			continue
		}
		kept = append(kept, f)
	}
	p.moments.fired = kept
}

// hour is the beginning of the hour that a play waits for; 0 when it waits for none, or it is here.
func (p *person) hour(f decide.Firing, now int64) int64 {
	if f.Play.Hour == nil {
		return 0
	}
	p.facts.Event = f.Event
	wanted := f.Play.Hour.Eval(&p.facts)
	if !(wanted >= 0 && wanted < 24) {
		return 0
	}
	const hour = int64(time.Hour / time.Millisecond)
	for at, n := now-now%hour, 0; n < 25; at, n = at+hour, n+1 {
		if p.features.Hour(at) == int(wanted) {
			return at
		}
	}
	return 0
}
