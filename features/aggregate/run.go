package aggregate

import "encoding/binary"

// run is the number of events since the last one that resets it: errors in a row.
type run struct {
	n  int64
	at int64 // of the newest event or reset that was seen
}

// Add implements Aggregate.
func (c *run) Add(_ *Spec, in *Input) {
	if in.Reset {
		c.n = 0
	} else {
		c.n++
	}
	c.at = max(c.at, in.At)
}

// Read implements Aggregate.
func (c *run) Read(s *Spec, _ Instant, out []float32) {
	for _, o := range s.Outputs {
		out[o.Column] = float32(c.n)
	}
}

// Merge implements Aggregate: the run that went on last is the one that counts.
func (c *run) Merge(_ *Spec, other Aggregate) {
	if o := other.(*run); o.at > c.at {
		*c = *o
	}
}

// Append implements Aggregate.
func (c *run) Append(_ *Spec, dst []byte, base int64) []byte {
	return binary.AppendUvarint(appendBefore(dst, base, c.at), uint64(c.n))
}

// Decode implements Aggregate.
func (c *run) Decode(_ *Spec, r *Reader, base int64) {
	c.at = r.before(base)
	if c.n = int64(r.Uint()); c.n < 0 {
		r.Fail()
	}
}

// Empty implements Aggregate.
func (c *run) Empty() bool { return c.at == 0 }

// Reset implements Aggregate.
func (c *run) Reset() { *c = run{} }
