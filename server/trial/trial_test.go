package trial

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const customers = 200_000

// near is four standard deviations of a share of the customers.
func near(share float64) float64 { return 4 * math.Sqrt(share*(1-share)/customers) }

func TestPlacesAreUniformAndIndependent(t *testing.T) {
	const parts = 10
	var joint [parts][parts]uint64
	for n := range customers {
		id := "customer-" + strconv.Itoa(n)
		joint[int(Place("autumn", id)*parts)][int(Place("winter", id)*parts)]++
	}
	var observed []uint64
	for _, row := range joint {
		observed = append(observed, row[:]...)
	}
	expected := make([]float64, len(observed))
	for i := range expected {
		expected[i] = 1
	}
	p, err := SampleRatio(observed, expected)
	require.NoError(t, err)
	assert.Greater(t, p, 1e-4, "%v", joint)
}

// TestPlacesStay holds the hash to what it was: customers must not move between the arms when the server is upgraded.
func TestPlacesStay(t *testing.T) {
	assert.InDelta(t, 0.7079340753537915, Place("autumn", "u-1"), 1e-15)
	assert.InDelta(t, 0.5200096051501131, Place("autumn", "顾客"), 1e-15)
	assert.NotEqual(t, Place("a", "bc"), Place("ab", "c"))
}

func TestPartsOfALayerAreDisjointAndAsLargeAsTheyShould(t *testing.T) {
	layer, err := NewLayer("autumn", 0.05, 0.2, 0, 0.5)
	require.NoError(t, err)
	larger, err := NewLayer("autumn", 0.05, 0.2, 0.1, 0.5)
	require.NoError(t, err)
	counts := map[int]int{}
	for n := range customers {
		id := strconv.Itoa(n)
		part := layer.Assign(id)
		counts[part]++
		if part == 0 || part == 1 {
			require.Equal(t, part, larger.Assign(id), "what comes after moves nobody")
		}
	}
	for part, share := range map[int]float64{0: 0.05, 1: 0.2, 2: 0, 3: 0.5, -1: 0.25} {
		assert.InDelta(t, share, float64(counts[part])/customers, near(share), "part %d", part)
	}
}

func TestLayersThatCannotBe(t *testing.T) {
	_, err := NewLayer("autumn", 0.5, 0.6)
	assert.ErrorContains(t, err, "at most 1 together")
	_, err = NewLayer("autumn", -0.1)
	assert.ErrorContains(t, err, "shares[0]")
	_, err = NewLayer("autumn", math.NaN())
	assert.ErrorContains(t, err, "shares[0]")
	thirds, err := NewLayer("autumn", 1./3, 1./3, 1./3)
	require.NoError(t, err)
	for n := range 10_000 {
		assert.NotEqual(t, -1, thirds.Assign(strconv.Itoa(n)))
	}
}

// TestRatesAgreeWithSciPy compares with binomtest(k, n).proportion_ci(0.95, "wilson") of SciPy 1.17.
func TestRatesAgreeWithSciPy(t *testing.T) {
	for _, c := range []struct {
		rate      Rate
		low, high float64
	}{
		{Rate{0, 10}, 0.0000000, 0.2775328},
		{Rate{1, 29}, 0.0061132, 0.1717552},
		{Rate{15, 148}, 0.0623864, 0.1604872},
		{Rate{10, 10}, 0.7224672, 1.0000000},
		{Rate{81, 263}, 0.2552885, 0.3662096},
	} {
		e := c.rate.Estimate()
		assert.InDelta(t, c.low, e.Low, 1e-6, "%v", c.rate)
		assert.InDelta(t, c.high, e.High, 1e-6, "%v", c.rate)
	}
	assert.True(t, math.IsNaN(Rate{}.Estimate().Low))
}

// TestLiftAgreesWithThePaper compares with method 10 in Newcombe's table II.
func TestLiftAgreesWithThePaper(t *testing.T) {
	for _, c := range []struct {
		treated, held Rate
		low, high     float64
	}{
		{Rate{56, 70}, Rate{48, 80}, 0.0524, 0.3339},
		{Rate{9, 10}, Rate{3, 10}, 0.1705, 0.8090},
		{Rate{10, 10}, Rate{0, 20}, 0.6791, 1},
		{Rate{10, 10}, Rate{0, 10}, 0.6075, 1},
	} {
		l := Lift(c.treated, c.held)
		assert.InDelta(t, c.low, l.Low, 5e-5, "%v", c)
		assert.InDelta(t, c.high, l.High, 5e-5, "%v", c)
	}
	assert.True(t, math.IsNaN(Lift(Rate{1, 2}, Rate{}).High))
}

func TestLiftLiesInItsInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := func(name string) Rate {
			trials := rapid.Uint64Range(1, 1<<40).Draw(t, name+" trials")
			return Rate{rapid.Uint64Range(0, trials).Draw(t, name+" successes"), trials}
		}
		a, b := rate("treated"), rate("held")
		l, mirrored := Lift(a, b), Lift(b, a)
		assert.True(t, -1 <= l.Low && l.Low <= l.Value && l.Value <= l.High && l.High <= 1, "%v", l)
		assert.InDelta(t, l.Low, -mirrored.High, 1e-12)
	})
}

func TestIntervalsOfLiftCover(t *testing.T) {
	const rounds = 4000
	random := rand.New(rand.NewPCG(7, 8))
	draw := func(rate float64, trials uint64) Rate {
		r := Rate{Trials: trials}
		for range trials {
			if random.Float64() < rate {
				r.Successes++
			}
		}
		return r
	}
	var covered float64
	for range rounds {
		l := Lift(draw(0.08, 900), draw(0.05, 300))
		if l.Low <= 0.03 && 0.03 <= l.High {
			covered++
		}
	}
	assert.InDelta(t, 0.95, covered/rounds, 0.015)
}

// TestSampleRatioAgreesWithSciPy compares with chisquare of SciPy 1.17.
func TestSampleRatioAgreesWithSciPy(t *testing.T) {
	for _, c := range []struct {
		observed []uint64
		expected []float64
		want     float64
	}{
		{[]uint64{5200, 4800}, []float64{1, 1}, 6.334248366623996e-05},
		{[]uint64{30, 50, 20}, []float64{33, 33, 34}, 0.000612780074},
		{[]uint64{480, 20}, []float64{0.95, 0.05}, 0.3049017882},
		{[]uint64{0, 0}, []float64{1, 1}, 1},
	} {
		p, err := SampleRatio(c.observed, c.expected)
		require.NoError(t, err)
		assert.InEpsilon(t, c.want, p, 1e-6, "%v", c.observed)
	}
	for want, c := range map[string]struct {
		observed []uint64
		expected []float64
	}{
		"two or more":    {[]uint64{1}, []float64{1}},
		"got 2 and 1":    {[]uint64{1, 1}, []float64{1}},
		"expected[1]: a": {[]uint64{1, 1}, []float64{1, 0}},
	} {
		_, err := SampleRatio(c.observed, c.expected)
		assert.ErrorContains(t, err, want)
	}
}

func BenchmarkPlace(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Place("autumn", "customer-4711")
	}
}
