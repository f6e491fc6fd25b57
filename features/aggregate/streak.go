package aggregate

import (
	"encoding/binary"
	"math/bits"
)

// streak is how many days in a row had such an event, the last of them today or yesterday. A bit a day makes it order-free, and
// ends the count at 64.
type streak struct {
	day  int32  // the newest day
	days uint64 // bit i: there was an event i days before it; 0 when there never was one
}

// Add implements Aggregate.
func (k *streak) Add(_ *Spec, in *Input) { k.mark(in.Day, 1) }

func (k *streak) mark(day int32, days uint64) {
	switch back := int64(k.day) - int64(day); {
	case k.days == 0:
		k.day, k.days = day, days
	case back < 0:
		k.days = k.days<<uint64(-back) | days
		k.day = day
	default:
		k.days |= days << uint64(back)
	}
}

// Merge implements Aggregate.
func (k *streak) Merge(_ *Spec, other Aggregate) {
	if o := other.(*streak); o.days != 0 {
		k.mark(o.day, o.days)
	}
}

// Read implements Aggregate.
func (k *streak) Read(s *Spec, now Instant, out []float32) {
	n := float32(0)
	if k.days != 0 && now.Day-k.day <= 1 {
		n = float32(bits.TrailingZeros64(^k.days))
	}
	for _, o := range s.Outputs {
		out[o.Column] = n
	}
}

// Append implements Aggregate.
func (k *streak) Append(_ *Spec, dst []byte, _ int64) []byte {
	return binary.AppendUvarint(binary.AppendVarint(dst, int64(k.day)), k.days)
}

// Decode implements Aggregate.
func (k *streak) Decode(_ *Spec, r *Reader, _ int64) {
	day := r.Int()
	k.day, k.days = int32(day), r.Uint()
	if int64(k.day) != day || k.days&1 == 0 {
		r.Fail()
	}
}

// Empty implements Aggregate.
func (k *streak) Empty() bool { return k.days == 0 }

// Reset implements Aggregate.
func (k *streak) Reset() { *k = streak{} }
