package ledger

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/server/trial"
)

// Filter is what a report is about. Its zero value is everything there is.
type Filter struct {
	Play, Action string    // empty: any
	Since        time.Time // counts what was issued on this day (UTC) or later
}

// Report says what became of actions.
type Report struct {
	Since time.Time `json:"since"` // midnight, UTC, of the first day that is counted
	Until time.Time `json:"until"`
	// Complete says whether the journal was read to its end; a server that has just started may not have come that far.
	Complete    bool         `json:"complete"`
	Actions     []Row        `json:"actions"` // in total
	Rows        []Row        `json:"rows"`    // by play and variant
	Experiments []Experiment `json:"experiments"`
}

// Row is what became of the actions that were issued under a name. Of one that sums up others, play and variant are empty.
type Row struct {
	Action    string  `json:"action"`
	Play      string  `json:"play,omitempty"`
	Variant   string  `json:"variant,omitempty"`
	Issued    uint64  `json:"issued"`
	Held      uint64  `json:"held"` // back, by the holdout
	Shown     uint64  `json:"shown"`
	Accepted  uint64  `json:"accepted"`
	Declined  uint64  `json:"declined"`
	Dismissed uint64  `json:"dismissed"`
	Converted uint64  `json:"converted"`
	Expired   uint64  `json:"expired"`
	Value     float64 `json:"value"` // of conversions
	// MeanValue is of a conversion.
	MeanValue *float64 `json:"mean_value"`
	Rates     Rates    `json:"rates"`
	// HeldConverted is how many of those held back, of the same action in any variant and play, converted all the same.
	HeldConverted uint64 `json:"held_converted"`
	// HeldConversion is their rate.
	HeldConversion *Estimate `json:"held_conversion"`
	// Lift is by how much the rate of conversions exceeds theirs.
	Lift *Estimate `json:"lift"`
}

// Rates are shares of what was issued.
type Rates struct {
	Shown     *Estimate `json:"shown"`
	Accepted  *Estimate `json:"accepted"`
	Declined  *Estimate `json:"declined"`
	Dismissed *Estimate `json:"dismissed"`
	Converted *Estimate `json:"converted"`
	Expired   *Estimate `json:"expired"`
}

// Estimate is a number with its 95% interval; nil where there is nothing to estimate it from.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func estimate(e trial.Estimate) *Estimate {
	if math.IsNaN(e.Value) || math.IsNaN(e.Low) || math.IsNaN(e.High) {
		return nil
	}
	return &Estimate{e.Value, e.Low, e.High}
}

// Report reports on what is known now.
func (l *Ledger) Report(f Filter) Report {
	s := l.shown.Load()
	now := l.Now()
	first := max(dayOf(f.Since), dayOf(now)-keepDays+1)
	r := Report{
		Since: time.Unix(int64(first)*24*60*60, 0).UTC(), Until: now.UTC(), Complete: s.whole, Actions: []Row{}, Rows: []Row{}, Experiments: []Experiment{},
	}
	cells, arms := s.counts.since(first)
	actions, held := map[string]*tally{}, map[string]*tally{}
	for at, t := range cells {
		if f.Action != "" && at.Action != f.Action {
			continue
		}
		if held[at.Action] == nil {
			held[at.Action] = &tally{}
		}
		held[at.Action].add(t)
		if f.Play != "" && at.Play != f.Play {
			continue
		}
		if actions[at.Action] == nil {
			actions[at.Action] = &tally{}
		}
		actions[at.Action].add(t)
	}
	for at, t := range cells {
		if actions[at.Action] != nil && (f.Play == "" || at.Play == f.Play) {
			r.Rows = append(r.Rows, row(at, t, held[at.Action]))
		}
	}
	for name, t := range actions {
		r.Actions = append(r.Actions, row(cell{Action: name}, t, held[name]))
	}
	byName := func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Play, b.Play), cmp.Compare(a.Variant, b.Variant))
	}
	slices.SortFunc(r.Rows, byName)
	slices.SortFunc(r.Actions, byName)
	for i := range s.choices {
		c := &s.choices[i]
		if f.Play == "" && (f.Action == "" || slices.Contains(c.Actions, f.Action)) {
			r.Experiments = append(r.Experiments, experiment(c, s.table, arms))
		}
	}
	return r
}

// row compares what was issued with what was held back of the same action.
func row(at cell, t, all *tally) Row {
	r := Row{
		Action: at.Action, Play: at.Play, Variant: at.Variant, Issued: t.Issued, Held: t.Held,
		Shown: t.Shown, Accepted: t.Accepted, Declined: t.Declined, Dismissed: t.Dismissed, Converted: t.Converted, Expired: t.Expired,
		Value: t.Value / tenThousand, HeldConverted: t.HeldConverted,
		Rates: Rates{
			Shown: t.rate(t.Shown), Accepted: t.rate(t.Accepted), Declined: t.rate(t.Declined), Dismissed: t.rate(t.Dismissed),
			Converted: t.rate(t.Converted), Expired: t.rate(t.Expired),
		},
	}
	if t.Converted > 0 {
		mean := r.Value / float64(t.Converted)
		r.MeanValue = &mean
	}
	held := share(all.HeldConverted, all.Held)
	r.HeldConversion = estimate(held.Estimate())
	r.Lift = estimate(trial.Lift(share(t.Converted, t.Issued), held))
	return r
}

func (t *tally) rate(n uint64) *Estimate { return estimate(share(n, t.Issued).Estimate()) }

// share is a rate. An outcome outlives its decision where the journal was trimmed between the two, so there may be too many.
func share(n, of uint64) trial.Rate { return trial.Rate{Successes: min(n, of), Trials: of} }
