package aggregate

import (
	"encoding/binary"
	"math"
)

// decayed is a sum in which each value halves every half-life: sum of v·2^(-(now-at)/halflife) (exponential decay, Cormode et al.,
// "Forward Decay", ICDE 2009, in its backward form). Floats make it depend on the order of arrival in the last bits.
type decayed struct {
	at  int64
	sum float64 // as of at
	set bool
}

// Add implements Aggregate. An event without a value counts as 1 when the definition has none; the caller passes that.
func (d *decayed) Add(s *Spec, in *Input) {
	if in.Value != Missing {
		d.take(s, in.At, float64(in.Value)/million)
	}
}

func (d *decayed) take(s *Spec, at int64, v float64) {
	switch {
	case !d.set:
		d.at, d.sum, d.set = at, v, true
	case at >= d.at:
		d.sum = float64(d.sum*s.fade(at-d.at)) + v
		d.at = at
	default:
		d.sum += float64(v * s.fade(d.at-at))
	}
}

func (s *Spec) fade(elapsed int64) float64 { return math.Exp2(-float64(elapsed) / float64(s.HalfLife)) }

// Read implements Aggregate.
func (d *decayed) Read(s *Spec, now Instant, out []float32) {
	v := float32(0)
	if d.set {
		v = float32(d.sum * s.fade(now.Millis-d.at))
	}
	for _, o := range s.Outputs {
		out[o.Column] = v
	}
}

// Merge implements Aggregate.
func (d *decayed) Merge(s *Spec, other Aggregate) {
	if o := other.(*decayed); o.set {
		d.take(s, o.at, o.sum)
	}
}

// Append implements Aggregate.
func (d *decayed) Append(_ *Spec, dst []byte, base int64) []byte {
	return binary.LittleEndian.AppendUint64(appendBefore(dst, base, d.at), math.Float64bits(d.sum))
}

// Decode implements Aggregate.
func (d *decayed) Decode(_ *Spec, r *Reader, base int64) {
	*d = decayed{at: r.before(base), sum: math.Float64frombits(r.Uint64()), set: true}
	if math.IsNaN(d.sum) || math.IsInf(d.sum, 0) {
		r.Fail()
	}
}

// Empty implements Aggregate.
func (d *decayed) Empty() bool { return !d.set }

// Reset implements Aggregate.
func (d *decayed) Reset() { *d = decayed{} }
