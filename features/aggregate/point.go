package aggregate

import "encoding/binary"

// point remembers one event: the last to arrive, the first or the newest by its own time, and its value.
type point struct {
	at    int64
	value int64
	set   bool
}

// Add implements Aggregate.
func (p *point) Add(s *Spec, in *Input) {
	if in.Reset {
		if s.Kind == Last {
			p.Reset()
		}
		return
	}
	q := point{at: in.At, value: in.Value, set: true}
	switch s.Kind {
	case TimeSinceLast, TimeSinceFirst:
		q.value = 0
	default:
		if in.Value == Missing {
			return
		}
	}
	if !p.set || s.Kind == Last || p.yields(s.Kind, &q) {
		*p = q
	}
}

// yields says whether q is the better answer for an order-free kind.
func (p *point) yields(k Kind, q *point) bool {
	if k == TimeSinceLast {
		return q.at > p.at
	}
	return q.at < p.at || q.at == p.at && q.value < p.value
}

// Read implements Aggregate. A time since counts from the event to now, in units of the output's scale.
func (p *point) Read(s *Spec, now Instant, out []float32) {
	for _, o := range s.Outputs {
		switch {
		case !p.set:
			out[o.Column] = missing
		case s.Kind == TimeSinceLast || s.Kind == TimeSinceFirst:
			out[o.Column] = float32(float64(now.Millis-p.at) / o.Scale)
		default:
			out[o.Column] = toFloat(p.value)
		}
	}
}

// Merge implements Aggregate: of two last values the newer by its own time.
func (p *point) Merge(s *Spec, other Aggregate) {
	o := other.(*point)
	if !o.set {
		return
	}
	if !p.set || (s.Kind == Last && o.at > p.at) || (s.Kind != Last && p.yields(s.Kind, o)) {
		*p = *o
	}
}

// Append implements Aggregate.
func (p *point) Append(s *Spec, dst []byte, base int64) []byte {
	dst = appendBefore(dst, base, p.at)
	if s.Kind == Last || s.Kind == First {
		dst = binary.AppendVarint(dst, p.value)
	}
	return dst
}

// Decode implements Aggregate.
func (p *point) Decode(s *Spec, r *Reader, base int64) {
	*p = point{at: r.before(base), set: true}
	if s.Kind == Last || s.Kind == First {
		if p.value = r.Int(); p.value == Missing {
			r.Fail()
		}
	}
}

// Empty implements Aggregate.
func (p *point) Empty() bool { return !p.set }

// Reset implements Aggregate.
func (p *point) Reset() { *p = point{} }
