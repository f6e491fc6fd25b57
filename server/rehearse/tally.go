package rehearse

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// tally adds up what happened until the data ends.
func (s *side) tally(data *Data) Outcome {
	t := tally{side: s, days: data.Days, until: data.until, stops: map[stop]*Stop{}, windows: map[window]*Window{}}
	t.plays = make([]Play, len(s.Playbook.Plays))
	for i, p := range s.Playbook.Plays {
		t.plays[i] = Play{Name: p.Name, ByAction: map[string]int{}, ByDay: map[string]int{}}
	}
	for _, trace := range s.traces {
		t.customer(trace)
	}
	return t.outcome(data)
}

type stop struct {
	what what
	by   int16
}

type tally struct {
	*side
	days     float64
	until    int64
	out      Outcome
	plays    []Play
	stops    map[stop]*Stop
	windows  map[window]*Window
	contacts []int // of the customers who had any

	played  []bool // by the customer at hand
	stopped map[stop]bool
}

func (t *tally) customer(trace *trace) {
	t.out.Asks += trace.asks
	t.played, t.stopped = make([]bool, len(t.plays)), map[stop]bool{}
	contacts := 0
	for i := range trace.records {
		if r := &trace.records[i]; r.at <= t.until {
			if r.what == issued {
				contacts++
			}
			t.record(r)
		}
	}
	if contacts > 0 {
		t.contacts = append(t.contacts, contacts)
	}
	for i := range trace.takes {
		if k := &trace.takes[i]; k.at <= t.until && k.kind != looked {
			t.take(k)
		}
	}
}

func (t *tally) record(r *record) {
	p := &t.plays[r.play]
	switch r.what {
	case issued, issuedStaff:
		p.Actions++
		p.ByAction[t.Playbook.Actions[r.action].Name]++
		p.ByDay[time.UnixMilli(r.at).In(t.Playbook.Timezone).Format(time.DateOnly)]++
		if !t.played[r.play] {
			t.played[r.play] = true
			p.Customers++
		}
	case held:
		t.out.Held++
	case timerSet:
		p.Timers.Set++
	case timerMoot:
		p.Timers.Moot++
	case timerFired:
		p.Timers.Fired++
	default:
		t.withhold(r)
	}
}

func (t *tally) withhold(r *record) {
	key := stop{r.what, r.by}
	s := t.stops[key]
	if s == nil {
		s = &Stop{Why: string(whys[r.what-withheld])}
		if r.by >= 0 {
			s.By = t.known[r.by]
		}
		t.stops[key] = s
	}
	s.Proposals++
	if !t.stopped[key] {
		t.stopped[key] = true
		s.Customers++
	}
}

func (t *tally) take(k *take) {
	w := t.windows[k.window]
	if w == nil {
		w = &Window{From: strings.TrimPrefix(k.key, "budget."+k.budget.Name+".")}
		t.windows[k.window] = w
	}
	if k.kind == taken {
		w.Used++
	} else {
		w.Refused++
	}
}

func (t *tally) outcome(data *Data) Outcome {
	o := &t.out
	o.Name, o.Revision, o.Plays = t.Name, t.Playbook.Revision, t.plays
	for i := range o.Plays {
		p := &o.Plays[i]
		p.PerDay = float64(p.Actions) / t.days
		p.Timers.Waiting = p.Timers.Set - p.Timers.Moot - p.Timers.Fired
		o.Actions += p.Actions
		o.Timers.Set, o.Timers.Moot = o.Timers.Set+p.Timers.Set, o.Timers.Moot+p.Timers.Moot
		o.Timers.Fired, o.Timers.Waiting = o.Timers.Fired+p.Timers.Fired, o.Timers.Waiting+p.Timers.Waiting
	}
	o.PerDay = float64(o.Actions) / t.days
	o.Reached, o.Customer = len(t.contacts), spread(t.contacts, int(data.Customers))
	for _, n := range t.contacts {
		o.Contacts += n
	}
	o.Withheld = t.withheld()
	o.Budgets = t.budgets()
	return *o
}

// withheld lists the reasons in the order of the stages, the most frequent first.
func (t *tally) withheld() []Stop {
	keys := make([]stop, 0, len(t.stops))
	for key := range t.stops {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b stop) int {
		return cmp.Or(cmp.Compare(a.what, b.what), cmp.Compare(t.stops[b].Proposals, t.stops[a].Proposals), cmp.Compare(a.by, b.by))
	})
	out := make([]Stop, len(keys))
	for i, key := range keys {
		out[i] = *t.stops[key]
	}
	return out
}

func (t *tally) budgets() []Budget {
	out := make([]Budget, len(t.Playbook.Budgets))
	for i := range out {
		b := &t.Playbook.Budgets[i]
		out[i] = Budget{Name: b.Name, Max: b.Max, Per: b.Per.String(), Windows: []Window{}}
		for w, use := range t.windows {
			if w.budget != b {
				continue
			}
			out[i].Windows = append(out[i].Windows, *use)
			if use.Used >= b.Max {
				out[i].Full++
			}
		}
		slices.SortFunc(out[i].Windows, func(a, b Window) int { return strings.Compare(a.From, b.From) })
	}
	return out
}

// spread is over all customers, of whom those listed had contacts.
func spread(contacts []int, customers int) Spread {
	if customers == 0 {
		return Spread{}
	}
	slices.Sort(contacts)
	none := customers - len(contacts)
	at := func(share float64) int {
		i := int(share*float64(customers-1)+0.5) - none
		if i < 0 {
			return 0
		}
		return contacts[i]
	}
	sum := 0
	for _, n := range contacts {
		sum += n
	}
	return Spread{
		None: float64(none) / float64(customers), Mean: float64(sum) / float64(customers),
		P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: at(1),
	}
}
