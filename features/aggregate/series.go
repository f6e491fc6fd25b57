package aggregate

import (
	"encoding/binary"
	"math"
	"slices"
)

// MaxSeries bounds k of a series.
const MaxSeries = 32

// What can be read of a series. A pick of 1 to MaxSeries is the value at that position, 1 the newest.
const (
	SeriesMean  = -1
	SeriesSlope = -2
	SeriesMin   = -3
	SeriesMax   = -4
	SeriesStd   = -5
	SeriesCount = -6
)

// series is the last k values in order of arrival: the sentiments of the last messages.
type series struct{ entries []entry } // oldest first

// Add implements Aggregate.
func (x *series) Add(s *Spec, in *Input) {
	if in.Value == Missing {
		return
	}
	if len(x.entries) == s.K {
		copy(x.entries, x.entries[1:])
		x.entries = x.entries[:s.K-1]
	}
	x.entries = append(x.entries, entry{at: in.At, value: in.Value})
}

// Merge implements Aggregate: the two series are interleaved by time and the last k stay.
func (x *series) Merge(s *Spec, other Aggregate) {
	x.entries = append(x.entries, other.(*series).entries...)
	slices.SortStableFunc(x.entries, func(a, b entry) int { return int(a.at - b.at) })
	if n := len(x.entries) - s.K; n > 0 {
		x.entries = append(x.entries[:0], x.entries[n:]...)
	}
}

// Read implements Aggregate.
func (x *series) Read(s *Spec, _ Instant, out []float32) {
	for _, o := range s.Outputs {
		out[o.Column] = x.pick(o.Pick)
	}
}

func (x *series) pick(what int) float32 {
	n := len(x.entries)
	switch {
	case what == SeriesCount:
		return float32(n)
	case n == 0 || what > n:
		return missing
	case what > 0:
		return toFloat(x.entries[n-what].value)
	}
	var sum, lowest, highest = 0.0, math.Inf(1), math.Inf(-1)
	for _, e := range x.entries {
		v := float64(e.value) / million
		sum, lowest, highest = sum+v, min(lowest, v), max(highest, v)
	}
	mean := sum / float64(n)
	switch what {
	case SeriesMean:
		return float32(mean)
	case SeriesMin:
		return float32(lowest)
	case SeriesMax:
		return float32(highest)
	}
	return x.spread(what, mean)
}

// spread is the population standard deviation, or the least-squares slope over positions 0..n-1: the change from one value to the
// next. A single value has a slope of 0.
func (x *series) spread(what int, mean float64) float32 {
	n := float64(len(x.entries))
	var squares, covariance, variance float64
	for i, e := range x.entries {
		dv := float64(e.value)/million - mean
		di := float64(i) - (n-1)/2
		squares += float64(dv * dv)
		covariance += float64(di * dv)
		variance += float64(di * di)
	}
	switch {
	case what == SeriesStd:
		return float32(math.Sqrt(squares / n))
	case variance == 0:
		return 0
	}
	return float32(covariance / variance)
}

// Append implements Aggregate: newest first; arrival is not always in order of time, so distances are signed.
func (x *series) Append(_ *Spec, dst []byte, base int64) []byte {
	for i := len(x.entries) - 1; i >= 0; i-- {
		dst = binary.AppendVarint(dst, base-x.entries[i].at)
		dst = binary.AppendVarint(dst, x.entries[i].value)
		base = x.entries[i].at
	}
	return dst
}

// Decode implements Aggregate.
func (x *series) Decode(s *Spec, r *Reader, base int64) {
	x.Reset()
	for r.Len() > 0 && len(x.entries) < s.K {
		back := r.Int()
		if back > maxAge || back < -maxAge {
			r.Fail()
		}
		base -= back
		e := entry{at: base, value: r.Int()}
		if e.value == Missing {
			r.Fail()
		}
		x.entries = append(x.entries, e)
	}
	slices.Reverse(x.entries)
	if r.Err() != nil || len(x.entries) == 0 {
		r.Fail()
		x.Reset()
	}
}

// Empty implements Aggregate.
func (x *series) Empty() bool { return len(x.entries) == 0 }

// Reset implements Aggregate.
func (x *series) Reset() { x.entries = x.entries[:0] }
