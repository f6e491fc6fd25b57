package aggregate

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// sketchSize is how many values are told apart exactly.
const sketchSize = 64

type mark struct {
	hash uint32
	at   int64 // the newest time the value was seen; 0 when the spec has no windows
}

// distinct counts different values. It keeps the 64 smallest hashes (a bottom-k sketch: Bar-Yossef et al., "Counting Distinct
// Elements in a Data Stream", RANDOM 2002): up to 64 values that is all of them and the count is exact; beyond, the largest kept
// hash tells how dense they lie, with a standard error of about 13%. Times beside the hashes answer windows by the same estimate.
// Keeping the smallest makes it order-free and mergeable.
type distinct struct {
	marks []mark // ascending by hash
	full  bool   // some value was turned away
}

// Add implements Aggregate. The value is the hash.
func (d *distinct) Add(s *Spec, in *Input) {
	if in.Value == Missing {
		return
	}
	m := mark{hash: uint32(in.Value)}
	if len(s.Windows) > 0 {
		m.at = in.At
	}
	d.take(m)
}

func (d *distinct) take(m mark) {
	i, found := slices.BinarySearchFunc(d.marks, m, func(a, b mark) int { return cmp.Compare(a.hash, b.hash) })
	if found {
		d.marks[i].at = max(d.marks[i].at, m.at)
		return
	}
	if len(d.marks) == sketchSize {
		d.full = true
		if i == sketchSize {
			return
		}
		d.marks = d.marks[:sketchSize-1]
	}
	d.marks = slices.Insert(d.marks, i, m)
}

// Merge implements Aggregate.
func (d *distinct) Merge(_ *Spec, other Aggregate) {
	o := other.(*distinct)
	d.full = d.full || o.full
	for _, m := range o.marks {
		d.take(m)
	}
}

// Read implements Aggregate.
func (d *distinct) Read(s *Spec, now Instant, out []float32) {
	scale := 1.0
	if d.full {
		scale = float64(sketchSize-1) / (float64(d.marks[sketchSize-1].hash) + 1) * (math.MaxUint32 + 1) / sketchSize
	}
	for _, o := range s.Outputs {
		n := len(d.marks)
		if len(s.Windows) > 0 {
			n = 0
			for _, m := range d.marks {
				if m.at > now.Millis-s.Windows[o.Pick] {
					n++
				}
			}
		}
		out[o.Column] = float32(math.Round(float64(n) * scale))
	}
}

// Append implements Aggregate.
func (d *distinct) Append(s *Spec, dst []byte, base int64) []byte {
	flag := byte(0)
	if d.full {
		flag = 1
	}
	dst = append(dst, flag)
	for _, m := range d.marks {
		dst = binary.LittleEndian.AppendUint32(dst, m.hash)
		if len(s.Windows) > 0 {
			dst = appendBefore(dst, base, m.at)
		}
	}
	return dst
}

// Decode implements Aggregate.
func (d *distinct) Decode(s *Spec, r *Reader, base int64) {
	d.Reset()
	flag := r.Byte()
	d.full = flag == 1
	for r.Len() > 0 && len(d.marks) < sketchSize {
		m := mark{hash: r.Uint32()}
		if len(s.Windows) > 0 {
			m.at = r.before(base)
		}
		if n := len(d.marks); n > 0 && d.marks[n-1].hash >= m.hash {
			r.Fail()
		}
		d.marks = append(d.marks, m)
	}
	if flag > 1 || len(d.marks) == 0 || (d.full && len(d.marks) < sketchSize) {
		r.Fail()
	}
	if r.Err() != nil {
		d.Reset()
	}
}

// Empty implements Aggregate.
func (d *distinct) Empty() bool { return len(d.marks) == 0 }

// Reset implements Aggregate.
func (d *distinct) Reset() { d.marks, d.full = d.marks[:0], false }
