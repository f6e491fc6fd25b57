package rehearse

import (
	"context"
	"math"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// record is one thing that happened to a customer.
type record struct {
	at     int64 // Unix milliseconds
	play   int16 // position in the playbook
	action int16 // likewise; -1: none
	by     int16 // position in side.known; -1: nothing
	what   what
}

// what is what happened: what was issued, what was withheld and why, or the fate of a timer.
type what uint8

// What happens besides withholding, which is counted from withheld on.
const (
	issued what = iota
	issuedStaff
	held
	timerSet
	timerMoot
	timerFired
	withheld
)

// whys are the reasons to withhold, in the order of the stages.
var whys = [...]decide.Why{
	decide.NoChannel, decide.OptedOut, decide.Fatigued, decide.Cooldown, decide.QuietHours, decide.NotWorthIt, decide.Capped, decide.Budget,
	decide.Outranked, decide.Experiment, decide.Holdout, decide.Unavailable,
}

var whyOf = func() map[decide.Why]what {
	of := map[decide.Why]what{}
	for i, why := range whys {
		of[why] = withheld + what(i)
	}
	return of
}()

var fateOf = map[live.Fate]what{live.TimerSet: timerSet, live.TimerMoot: timerMoot, live.TimerFired: timerFired}

// trace is what happened to one customer.
type trace struct {
	asks    int
	records []record
	takes   []take
}

// follower follows customers on one side. It is for one goroutine.
type follower struct {
	*side
	asking  map[string]bool
	session func(last, now int64) bool
	course  *live.Course
	purse   purse
	trace   *trace
	actions map[*playbook.Action]int16
}

func (r *rehearsal) newFollower(s *side) *follower {
	f := &follower{side: s, asking: r.asking, session: r.Features.Session, actions: map[*playbook.Action]int16{}}
	for i, a := range s.Playbook.Actions {
		f.actions[a] = int16(i)
	}
	f.purse = purse{zone: s.Playbook.Timezone, cuts: s.cuts}
	o := live.CourseOptions{Features: r.Features, Playbook: s.Playbook, Texts: r.Texts, Witness: f,
		Predict: func(ctx context.Context, tasks playbook.Tasks, row []float32) []models.Prediction {
			return r.batcher.predict(ctx, s.lineups.choose(tasks), row)
		}}
	if len(s.Playbook.Budgets) > 0 {
		o.Budgets = &f.purse
	}
	f.course = r.engine.NewCourse(o)
	return f
}

func (f *follower) follow(ctx context.Context, id string, events []event.Event) error {
	f.trace = &trace{}
	f.purse.begin(id, f.trace)
	f.course.Begin(id)
	last := int64(math.MinInt64 / 2)
	for i := range events {
		e := &events[i]
		at, _ := e.Time()
		asked := f.asking[e.Name] || f.asking[event.SessionStarted] && !f.session(last, at)
		last = max(last, at)
		if asked {
			f.trace.asks++
		}
		if err := f.course.Event(ctx, e, asked); err != nil {
			return err
		}
	}
	if err := f.course.Until(ctx, math.MaxInt64); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trace.asks+len(f.trace.records) > 0 {
		f.traces[id] = f.trace
	} else {
		delete(f.traces, id)
	}
	return nil
}

// Decided implements live.Witness.
func (f *follower) Decided(at int64, _ bool, d *decide.Decision) {
	for i := range d.Actions {
		a := &d.Actions[i]
		if a.Pending {
			continue
		}
		what := issued
		if a.Staff {
			what = issuedStaff
		} else if d.Held {
			what = held
		}
		f.note(record{at: at, play: int16(a.Play.Index), action: f.actions[a.Action], by: -1, what: what})
	}
	for i := range d.Withheld {
		w := &d.Withheld[i]
		by, known := f.names[w.By]
		if !known || w.Why == decide.Outranked { // by whom is told by what was issued
			by = -1
		}
		f.note(record{at: at, play: int16(w.Play.Index), action: f.actions[w.Action], by: by, what: whyOf[w.Why]})
	}
}

// Timer implements live.Witness.
func (f *follower) Timer(at int64, play string, fate live.Fate) {
	f.note(record{at: at, play: int16(f.Playbook.Play(play).Index), action: -1, by: -1, what: fateOf[fate]})
}

func (f *follower) note(r record) { f.trace.records = append(f.trace.records, r) }
