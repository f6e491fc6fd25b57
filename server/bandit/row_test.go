package bandit

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func rowOf(p Policy, posteriors ...Posterior) *Row {
	arms := make([]Arm, len(posteriors))
	for i, posterior := range posteriors {
		arms[i] = Arm{Name: strconv.Itoa(i), Posterior: posterior}
	}
	return p.row(arms, nil)
}

func TestDrawsAreAsFrequentAsTheirPropensitySays(t *testing.T) {
	const draws = 4_000_000
	r := rowOf(Policy{Mode: Bandit, Floor: 0.05, PromoteAt: 1}, Posterior{11, 91}, Posterior{15, 87}, Posterior{2, 100}, Posterior{13, 80})
	for name, among := range map[string]Set{"all": All, "first and last": 0b1001, "one": 0b10} {
		counts, logged := make([]int, 4), make([]float64, 4)
		for n := range draws {
			arm, propensity := r.Draw(uint64(n), among)
			counts[arm]++
			if logged[arm] == 0 {
				logged[arm] = propensity
			}
			if propensity != logged[arm] {
				t.Fatalf("arm %d: propensity %v after %v", arm, propensity, logged[arm])
			}
		}
		var total float64
		for i, p := range logged {
			total += p
			sigma := math.Sqrt(p * (1 - p) / draws)
			assert.Less(t, 4*sigma, 1e-3)
			assert.InDelta(t, p, float64(counts[i])/draws, 4*sigma, "%s: arm %d", name, i)
		}
		assert.InDelta(t, 1, total, 1e-9, name)
	}
}

func TestDrawIsOneOfTheSetAndExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, MaxArms).Draw(t, "arms")
		r := &Row{Arms: make([]Arm, n)}
		for i := range r.Arms {
			r.Arms[i].Best = rapid.SampledFrom([]float64{0, 0, 0.1, 0.9}).Draw(t, "best")
			r.Arms[i].Propensity = rapid.SampledFrom([]float64{0, 0, 0.05, 0.5}).Draw(t, "propensity")
		}
		among, seed := Set(rapid.Uint64().Draw(t, "among")), rapid.Uint64().Draw(t, "seed")
		arm, p := r.Draw(seed, among)
		if n < MaxArms && among<<(MaxArms-n) == 0 || among == 0 {
			assert.Equal(t, -1, arm)
			assert.Zero(t, p)
			return
		}
		assert.NotZero(t, among&(1<<arm))
		assert.True(t, p > 0 && p <= 1, "propensity %v", p)
		again, _ := r.Draw(seed, among)
		assert.Equal(t, arm, again)
	})
}

func TestPoliciesSpreadPropensities(t *testing.T) {
	leading := []Posterior{{10, 990}, {60, 940}, {12, 988}}
	close := []Posterior{{30, 970}, {31, 969}, {29, 971}}
	propensities := func(r *Row) (ps []float64) {
		for _, a := range r.Arms {
			ps = append(ps, a.Propensity)
		}
		return ps
	}
	t.Run("bandit keeps the floor", func(t *testing.T) {
		r := rowOf(Policy{Mode: Bandit, Floor: 0.05, PromoteAt: 1}, leading...)
		assert.InDeltaSlice(t, []float64{0.05, 0.9, 0.05}, propensities(r), 1e-3)
		assert.False(t, r.Promoted)
	})
	t.Run("bandit promotes a winner", func(t *testing.T) {
		r := rowOf(Policy{Mode: Bandit, Floor: 0.05, PromoteAt: 0.99}, leading...)
		assert.Equal(t, []float64{0, 1, 0}, propensities(r))
		assert.True(t, r.Promoted)
		arm, p := r.Draw(1, 0b101)
		assert.NotEqual(t, 1, arm, "the winner is not eligible")
		assert.True(t, p > 0 && p < 1)
	})
	t.Run("bandit promotes nobody before the bound", func(t *testing.T) {
		r := rowOf(Policy{Mode: Bandit, Floor: 0.05, PromoteAt: 0.99}, close...)
		assert.False(t, r.Promoted)
		for i, a := range r.Arms {
			assert.InDelta(t, 0.05+0.85*a.Best, a.Propensity, 1e-12, "arm %d", i)
		}
	})
	t.Run("equal", func(t *testing.T) {
		r := rowOf(Policy{Mode: Equal, Floor: 0.05, PromoteAt: 0.9}, leading...)
		assert.InDeltaSlice(t, []float64{1. / 3, 1. / 3, 1. / 3}, propensities(r), 1e-12)
		assert.False(t, r.Promoted)
	})
	t.Run("champion", func(t *testing.T) {
		assert.Equal(t, []float64{0, 1, 0}, propensities(rowOf(Policy{Mode: Champion, Floor: 0.05, PromoteAt: 1}, close...)))
	})
	t.Run("a floor that takes all", func(t *testing.T) {
		r := rowOf(Policy{Mode: Bandit, Floor: 1. / 3, PromoteAt: 1}, leading...)
		assert.InDeltaSlice(t, []float64{1. / 3, 1. / 3, 1. / 3}, propensities(r), 1e-12)
	})
}

func TestSeedsOfOneDecisionAreIndependent(t *testing.T) {
	r := rowOf(Policy{Mode: Equal, PromoteAt: 1}, Posterior{1, 1}, Posterior{1, 1})
	var both int
	for n := range 100_000 {
		a, _ := r.Draw(Seed(strconv.Itoa(n), "text"), All)
		b, _ := r.Draw(Seed(strconv.Itoa(n), "picture"), All)
		if a == b {
			both++
		}
	}
	assert.InDelta(t, 0.5, float64(both)/100_000, 4*0.5/math.Sqrt(100_000))
}

func TestDrawAllocatesNothing(t *testing.T) {
	r := rowOf(Policy{Mode: Bandit, Floor: 0.05, PromoteAt: 1}, Posterior{11, 91}, Posterior{15, 87}, Posterior{2, 100})
	assert.Zero(t, testing.AllocsPerRun(100, func() { r.Draw(Seed("01JD4V7W8K3M5N9P2QRSTVWXYZ", "shipping-coupon"), All) }))
}

func BenchmarkDraw(b *testing.B) {
	for _, n := range []int{2, 4, 16} {
		b.Run(strconv.Itoa(n)+" arms", func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			posteriors := make([]Posterior, n)
			for i := range posteriors {
				posteriors[i] = Posterior{1 + 100*random.Float64(), 1000}
			}
			r := rowOf(Policy{Mode: Bandit, Floor: 0.01, PromoteAt: 1}, posteriors...)
			b.ReportAllocs()
			for i := range b.N {
				r.Draw(uint64(i), All)
			}
		})
	}
}

func BenchmarkSeed(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Seed("01JD4V7W8K3M5N9P2QRSTVWXYZ", "shipping-coupon")
	}
}
