package aggregate

import (
	"encoding/binary"
	"slices"
)

// MaxTop is how many different values a top tells apart: its values are positions in a vocabulary, or small whole numbers.
const MaxTop = 64

type tally struct {
	value uint8
	n     uint64
}

// top is the most frequent value: the preferred channel, the preferred hour. Of values equally frequent the smallest wins. Only
// values that occurred take room.
type top struct{ tallies []tally } // ascending by value

// Add implements Aggregate. Values outside 0..MaxTop-1 are not counted.
func (t *top) Add(_ *Spec, in *Input) {
	if v := in.Value / million; in.Value != Missing && v >= 0 && v < MaxTop {
		t.count(uint8(v), 1)
	}
}

func (t *top) count(value uint8, n uint64) {
	i := 0
	for ; i < len(t.tallies) && t.tallies[i].value < value; i++ {
	}
	if i < len(t.tallies) && t.tallies[i].value == value {
		t.tallies[i].n += n
		return
	}
	t.tallies = slices.Insert(t.tallies, i, tally{value, n})
}

// Merge implements Aggregate.
func (t *top) Merge(_ *Spec, other Aggregate) {
	for _, o := range other.(*top).tallies {
		t.count(o.value, o.n)
	}
}

// Read implements Aggregate.
func (t *top) Read(s *Spec, _ Instant, out []float32) {
	best := tally{}
	for _, c := range t.tallies {
		if c.n > best.n {
			best = c
		}
	}
	v := missing
	if best.n > 0 {
		v = float32(best.value)
	}
	for _, o := range s.Outputs {
		out[o.Column] = v
	}
}

// Append implements Aggregate.
func (t *top) Append(_ *Spec, dst []byte, _ int64) []byte {
	for _, c := range t.tallies {
		dst = append(dst, c.value)
		dst = binary.AppendUvarint(dst, c.n)
	}
	return dst
}

// Decode implements Aggregate.
func (t *top) Decode(_ *Spec, r *Reader, _ int64) {
	t.Reset()
	for r.Len() > 0 && r.Err() == nil {
		c := tally{value: r.Byte(), n: r.Uint()}
		if n := len(t.tallies); c.value >= MaxTop || c.n == 0 || c.n > 1<<40 || (n > 0 && t.tallies[n-1].value >= c.value) {
			r.Fail()
			break
		}
		t.tallies = append(t.tallies, c)
	}
	if r.Err() != nil || len(t.tallies) == 0 {
		r.Fail()
		t.Reset()
	}
}

// Empty implements Aggregate.
func (t *top) Empty() bool { return len(t.tallies) == 0 }

// Reset implements Aggregate.
func (t *top) Reset() { t.tallies = t.tallies[:0] }
