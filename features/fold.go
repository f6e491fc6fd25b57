package features

import (
	"math"

	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/event"
)

// Outcome says what became of an event.
type Outcome uint8

// The outcomes of a fold.
const (
	Folded    Outcome = iota // the state has taken it in
	Duplicate                // it was folded before; the state is as it was
	TooOld                   // older, on arrival, than the longest window; only its id is remembered
)

// Fold takes an event into a customer's state. Clamped says that the event's clock ran ahead and was cut. It reads no clock and
// depends on nothing but its arguments: the same events in the same order always make the same state.
func (fs *FeatureSet) Fold(s *State, e *event.Event) (outcome Outcome, clamped bool) {
	hash := eventHash(e.ID)
	if s.recent.seen(hash) {
		return Duplicate, false
	}
	s.recent.add(hash, e.ReceivedAt)
	at, clamped := e.Time()
	if at < e.ReceivedAt-fs.longest {
		return TooOld, clamped
	}
	day, hour := fs.zone.day(at)
	o, in := &s.scratch.occurrence, &s.scratch.input
	*o = occurrence{event: e, hour: float64(hour), day: float64(day), weekday: float64((day+3)%7 + 1), sinceLast: math.NaN()}
	if s.events > 0 {
		o.sinceLast = float64(max(at-s.lastAt, 0)) / 1000
	}
	*in = aggregate.Input{At: at, Day: day, Event: e}
	if s.events == 0 || at-s.lastAt > fs.sessionGap {
		s.conversation.reset()
		fs.apply(s, fs.dispatch[event.SessionStarted], o, in)
	}
	if s.events == 0 || at < s.firstAt {
		s.firstAt = at
	}
	s.lastAt = max(s.lastAt, at)
	s.events++
	steps, known := fs.dispatch[e.Name]
	if !known {
		steps = fs.star
	}
	fs.apply(s, steps, o, in)
	switch {
	case e.Type == event.Identify:
		s.identify(e.Traits)
	case e.Name == event.MessageReceived, e.Name == event.MessageSent:
		s.conversation.hear(e, at)
	}
	s.hear(e, at)
	o.event, in.Event = nil, nil
	return Folded, clamped
}

// apply runs the steps of an event. Once an aggregate was reset, or has taken the event in, its further steps are passed over.
func (fs *FeatureSet) apply(s *State, steps []step, o *occurrence, in *aggregate.Input) {
	done := -1
	for i := range steps {
		st := &steps[i]
		if st.spec == done || st.where != nil && !st.where.Eval(o) {
			continue
		}
		done = st.spec
		in.Reset, in.Value = st.reset, aggregate.Missing
		if st.value != nil {
			in.Value = st.value(o)
		}
		s.aggs[st.spec].Add(&fs.specs[st.spec].spec, in)
	}
}

// Read writes the customer's vector at now (Unix milliseconds) into out, which has Len elements; NaN is missing. m is what the
// caller knows of the moment. It allocates nothing.
func (fs *FeatureSet) Read(s *State, now int64, m *Moment, out []float32) error {
	if now < s.lastAt {
		return ErrBeforeNewest
	}
	day, _ := fs.zone.day(now)
	instant := aggregate.Instant{Millis: now, Day: day}
	for i, a := range s.aggs {
		a.Read(&fs.specs[i].spec, instant, out)
	}
	for i := range fs.requests {
		out[fs.requests[i].column] = fs.requests[i].read(m)
	}
	for _, column := range fs.defaults {
		fs.fill(out, column)
	}
	s.scratch.vector.Values = out
	for i := range fs.derived {
		d := &fs.derived[i]
		out[d.column] = float32(d.formula.Eval(&s.scratch.vector))
		fs.fill(out, d.column)
	}
	s.scratch.vector.Values = nil
	return nil
}

func (fs *FeatureSet) fill(out []float32, column int) {
	if out[column] != out[column] {
		out[column] = fs.features[column].Default
	}
}

func (r *request) read(m *Moment) float32 {
	v := r.value.Eval(m)
	if len(r.vocabulary) == 0 {
		return float32(v.Float())
	}
	if word := v.Text(); word != "" {
		return float32(wordPosition(r.vocabulary, word))
	}
	return nan
}
