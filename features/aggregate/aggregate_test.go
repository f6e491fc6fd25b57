package aggregate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/halfstep-ml/halfstep/features/event"
)

const (
	minute = 60_000
	hour   = 60 * minute
	day    = 24 * hour
	epoch  = 20_000 * day
)

// specs has one of each kind, and windows of several shapes.
func specs(t require.TestingT) map[string]*Spec {
	all := map[string]*Spec{
		"count":            {Kind: Count, Windows: []int64{10 * minute, hour, day, 7 * day, 30 * day}, Outputs: outputs(5)},
		"sum":              {Kind: Sum, Windows: []int64{30 * day, 90 * day, 365 * day}, Outputs: outputs(3)},
		"mean":             {Kind: Mean, Windows: []int64{95_000}, Outputs: outputs(1)},
		"min":              {Kind: Min, Windows: []int64{hour}, Outputs: outputs(1)},
		"max":              {Kind: Max, Windows: []int64{hour, day}, Outputs: outputs(2)},
		"sum of all time":  {Kind: Sum, Outputs: outputs(1)},
		"last":             {Kind: Last, Outputs: outputs(1)},
		"first":            {Kind: First, Outputs: outputs(1)},
		"distinct":         {Kind: Distinct, Outputs: outputs(1)},
		"distinct, window": {Kind: Distinct, Windows: []int64{hour, day}, Outputs: outputs(2)},
		"time since last":  {Kind: TimeSinceLast, Outputs: outputs(1)},
		"time since first": {Kind: TimeSinceFirst, Outputs: outputs(1)},
		"run":              {Kind: RunLength, Outputs: outputs(1)},
		"streak":           {Kind: StreakDays, Outputs: outputs(1)},
		"decayed":          {Kind: DecayedSum, HalfLife: hour, Outputs: outputs(1)},
		"series":           {Kind: LastK, K: 5, Outputs: []Output{{Column: 0, Pick: SeriesSlope}, {Column: 1, Pick: SeriesStd}, {Column: 2, Pick: SeriesMean}, {Column: 3, Pick: 1}, {Column: 4, Pick: 5}}},
		"top":              {Kind: Top, Outputs: outputs(1)},
		"cart":             {Kind: CartKind, Outputs: []Output{{Column: 0, Pick: CartItems}, {Column: 1, Pick: CartTotal}, {Column: 2, Pick: CartAge, Scale: minute}}},
	}
	for name, s := range all {
		require.NoError(t, s.Prepare(), name)
	}
	return all
}

func outputs(n int) []Output {
	out := make([]Output, n)
	for i := range out {
		out[i] = Output{Column: i, Pick: i, Scale: 1}
	}
	return out
}

// inputs draws events of some weeks, dense enough to fill tiles, with values and products.
func inputs(t *rapid.T) []Input {
	n := rapid.IntRange(1, 120).Draw(t, "n")
	span := rapid.SampledFrom([]int64{20 * minute, 3 * hour, 40 * day, 500 * day}).Draw(t, "span")
	list := make([]Input, n)
	for i := range list {
		at := epoch + rapid.Int64Range(0, span).Draw(t, "at")
		name := rapid.SampledFrom([]string{productAdded, productRemoved, checkoutStarted, orderCompleted}).Draw(t, "name")
		product := event.Object{{Key: "product_id", Value: event.StringValue(fmt.Sprint(rapid.IntRange(1, 5).Draw(t, "product")))}, {Key: "price", Value: event.NumberValue(2.5)}}
		list[i] = Input{
			At: at, Day: int32(at / day), Value: rapid.Int64Range(-5, 90).Draw(t, "value") * million,
			Event: &event.Event{Name: name, Properties: product},
		}
	}
	return list
}

func fold(s *Spec, list []Input) Aggregate {
	a := New(s)
	for i := range list {
		a.Add(s, &list[i])
	}
	return a
}

func newest(lists ...[]Input) int64 {
	at := int64(0)
	for _, list := range lists {
		for _, in := range list {
			at = max(at, in.At)
		}
	}
	return at
}

func TestOrderDoesNotMatterWhereItMustNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := inputs(t)
		base := newest(list)
		shuffled := slices.Clone(list)
		rand.New(rand.NewPCG(1, uint64(len(list)))).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for name, s := range specs(t) {
			if s.Kind.OrderFree() {
				assert.Equal(t, fold(s, list).Append(s, nil, base), fold(s, shuffled).Append(s, nil, base), name)
			}
		}
	})
}

func TestMergeEqualsFoldingAllInOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := inputs(t), inputs(t), inputs(t)
		base := newest(a, b, c)
		for name, s := range specs(t) {
			left := fold(s, a)
			left.Merge(s, fold(s, b))
			left.Merge(s, fold(s, c))
			tail := fold(s, b)
			tail.Merge(s, fold(s, c))
			right := fold(s, a)
			right.Merge(s, tail)
			if s.Kind != DecayedSum {
				require.Equal(t, left.Append(s, nil, base), right.Append(s, nil, base), "%s: merging is associative", name)
			}
			if s.Kind.OrderFree() {
				all := fold(s, slices.Concat(a, b, c))
				require.Equal(t, all.Append(s, nil, base), left.Append(s, nil, base), name)
			}
		}
	})
}

func TestEncodingRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := inputs(t)
		base := newest(list)
		for name, s := range specs(t) {
			a := fold(s, list)
			if a.Empty() {
				continue
			}
			raw := a.Append(s, nil, base)
			b := New(s)
			r := NewReader(raw)
			b.Decode(s, r, base)
			require.NoError(t, r.Err(), name)
			require.Zero(t, r.Len(), name)
			require.Equal(t, raw, b.Append(s, nil, base), name)
			for later := range 3 {
				now := Instant{Millis: base + int64(later)*hour, Day: int32((base + int64(later)*hour) / day)}
				x, y := make([]float32, 8), make([]float32, 8)
				a.Read(s, now, x)
				b.Read(s, now, y)
				for i := range x {
					require.Equal(t, math.Float32bits(x[i]), math.Float32bits(y[i]), name)
				}
			}
		}
	})
}

// TestWindowsAgainstBruteForce holds windows to a plain count: exact while the newest sixteen events reach across the window, and
// beyond that right to one tile at its far edge.
func TestWindowsAgainstBruteForce(t *testing.T) {
	s := specs(t)["count"]
	rapid.Check(t, func(t *rapid.T) {
		list := inputs(t)
		w := fold(s, list)
		now := newest(list) + rapid.Int64Range(0, 2*day).Draw(t, "later")
		out := make([]float32, len(s.Windows))
		w.Read(s, Instant{Millis: now}, out)
		for i, length := range s.Windows {
			slack := tileAt(s, length)
			atLeast, atMost, exactly := 0, 0, 0
			for _, in := range list {
				if in.At > now-length {
					exactly++
				}
				if in.At > now-length+slack {
					atLeast++
				}
				if in.At > now-length-slack {
					atMost++
				}
			}
			if exactly < exact {
				require.EqualValues(t, exactly, out[i], "window %d holds fewer than %d events", length, exact)
			}
			require.True(t, float32(atLeast) <= out[i] && out[i] <= float32(atMost), "window %d: %v is not in [%d, %d]", length, out[i], atLeast, atMost)
		}
	})
}

func tileAt(s *Spec, window int64) int64 {
	for _, l := range s.levels {
		if window <= l.horizon {
			return l.width
		}
	}
	return 0
}

func TestTwiceInThirtyMinutesIsExact(t *testing.T) {
	s := &Spec{Kind: Count, Windows: []int64{30 * minute}, Outputs: outputs(1)}
	require.NoError(t, s.Prepare())
	a := fold(s, []Input{{At: epoch}, {At: epoch + 29*minute}})
	out := make([]float32, 1)
	a.Read(s, Instant{Millis: epoch + 30*minute - 1}, out)
	assert.EqualValues(t, 2, out[0])
	a.Read(s, Instant{Millis: epoch + 30*minute}, out)
	assert.EqualValues(t, 1, out[0], "an event leaves a window when it is as old as the window is long")
}

func TestDistinctIsExactToSixtyFourThenClose(t *testing.T) {
	s := &Spec{Kind: Distinct, Outputs: outputs(1)}
	random := rand.New(rand.NewPCG(7, 7))
	a, out := New(s), make([]float32, 1)
	for n := 1; n <= 5000; n++ {
		a.Add(s, &Input{At: epoch, Value: int64(random.Uint32())})
		a.Read(s, Instant{Millis: epoch}, out)
		if n <= sketchSize {
			require.EqualValues(t, n, out[0])
		}
	}
	assert.InEpsilon(t, 5000, out[0], 0.4, "three standard errors of 13%")
}

func TestStreakEndsTheDayAfterTomorrow(t *testing.T) {
	s := &Spec{Kind: StreakDays, Outputs: outputs(1)}
	a := fold(s, []Input{{Day: 102}, {Day: 100}, {Day: 101}, {Day: 98}})
	out := make([]float32, 1)
	for today, want := range map[int32]float32{102: 3, 103: 3, 104: 0} {
		a.Read(s, Instant{Day: today}, out)
		assert.Equal(t, want, out[0], "day %d", today)
	}
}

func TestFixedSaturates(t *testing.T) {
	assert.EqualValues(t, 1_500_000, Fixed(1.5))
	assert.EqualValues(t, Missing, Fixed(math.NaN()))
	assert.Positive(t, Fixed(math.MaxFloat64))
	assert.Negative(t, Fixed(-math.MaxFloat64))
	s := &Spec{Kind: Sum, Outputs: outputs(1)}
	a := New(s)
	for range 5 {
		a.Add(s, &Input{Value: Fixed(1e300)})
	}
	out := make([]float32, 1)
	a.Read(s, Instant{}, out)
	assert.Greater(t, out[0], float32(9e12), "a sum of extremes does not wrap round")
}

func FuzzDecode(f *testing.F) {
	kinds := specs(&testing.T{})
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range names {
		f.Add(uint8(i), []byte{1, 2, 3, 4, 5, 6, 7, 8})
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		s := kinds[names[int(which)%len(names)]]
		a, r := New(s), NewReader(raw)
		a.Decode(s, r, epoch)
		if r.Err() != nil || r.Len() > 0 || a.Empty() {
			return
		}
		again := a.Append(s, nil, epoch)
		if !slices.Equal(raw, again) {
			t.Fatalf("%s: decoded %v, encoded %v", names[int(which)%len(names)], raw, again)
		}
		a.Read(s, Instant{Millis: epoch, Day: epoch / day}, make([]float32, 8))
		a.Merge(s, fold(s, []Input{{At: epoch - hour, Value: million, Event: &event.Event{Name: productAdded}}}))
	})
}
