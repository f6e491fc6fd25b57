package bandit

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// beats is the closed form for two arms when the first's alpha is whole: the sum over i < alpha of
// B(a2+i, b1+b2) / ((b1+i) B(1+i, b1) B(a2, b2)) is the probability that the rate of the first is the greater.
func beats(first, second Posterior) float64 {
	var sum float64
	for i := range int(first.Alpha) {
		n := float64(i)
		sum += math.Exp(mathext.Lbeta(second.Alpha+n, first.Beta+second.Beta) - math.Log(first.Beta+n) -
			mathext.Lbeta(1+n, first.Beta) - mathext.Lbeta(second.Alpha, second.Beta))
	}
	return sum
}

// reference integrates over quantiles of each arm by the midpoint rule: another road to the same number.
func reference(posteriors []Posterior, i int) float64 {
	const steps = 4000
	own := distuv.Beta{Alpha: posteriors[i].Alpha, Beta: posteriors[i].Beta}
	var sum float64
	for k := range steps {
		x := own.Quantile((float64(k) + 0.5) / steps)
		product := 1.0
		for j, other := range posteriors {
			if j != i {
				product *= distuv.Beta{Alpha: other.Alpha, Beta: other.Beta}.CDF(x)
			}
		}
		sum += product / steps
	}
	return sum
}

func TestTwoArmsAgreeWithTheClosedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arm := func(name string) Posterior {
			trials := math.Trunc(math.Exp(rapid.Float64Range(0, 12).Draw(t, name+" log trials")))
			rewards := math.Trunc(trials * math.Pow(rapid.Float64Range(0, 1).Draw(t, name+" root rate"), 3))
			return Posterior{1 + rewards, 1 + trials - rewards}
		}
		a, b := arm("a"), arm("b")
		got := bests([]Posterior{a, b})
		assert.InDelta(t, beats(a, b), got[0], 3e-4, "%v against %v", a, b)
		assert.InDelta(t, 1, got[0]+got[1], 1e-12)
	})
}

func TestManyArmsAgreeWithAnotherIntegration(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 12 {
		posteriors := make([]Posterior, 2+random.IntN(8))
		for i := range posteriors {
			trials := math.Exp(random.Float64() * 9)
			rate := 0.02 + 0.05*random.Float64()
			posteriors[i] = Posterior{1 + trials*rate, 1 + trials*(1-rate)}
		}
		for i, p := range bests(posteriors) {
			assert.InDelta(t, reference(posteriors, i), p, 3e-4, "round %d, arm %d of %v", round, i, posteriors)
		}
	}
}

func TestBestAtTheEdges(t *testing.T) {
	for name, c := range map[string]struct {
		posteriors []Posterior
		want       []float64
	}{
		"one arm":                 {[]Posterior{{1, 1}}, []float64{1}},
		"nothing known":           {[]Posterior{{1, 1}, {1, 1}, {1, 1}, {1, 1}}, []float64{.25, .25, .25, .25}},
		"a sure winner":           {[]Posterior{{1, 1e6}, {1e6, 1}}, []float64{0, 1}},
		"alike and all but sure":  {[]Posterior{{1e9, 1e9}, {1e9, 1e9}}, []float64{.5, .5}},
		"narrow within wide":      {[]Posterior{{3e7, 7e7}, {1, 1}}, []float64{.3, .7}},
		"rare, alike, millions":   {[]Posterior{{1e3, 1e7}, {1e3, 1e7}, {1e3, 1e7}}, []float64{1. / 3, 1. / 3, 1. / 3}},
		"never a reward, of many": {[]Posterior{{1, 2e5}, {1, 1e5}}, []float64{1. / 3, 2. / 3}},
	} {
		assert.InDeltaSlice(t, c.want, bests(c.posteriors), 3e-4, name)
	}
}

func BenchmarkBest(b *testing.B) {
	for name, arms := range map[string]int{"2 arms": 2, "4 arms": 4, "16 arms": 16} {
		posteriors := make([]Posterior, arms)
		b.Run(name, func(b *testing.B) {
			for n := range b.N {
				for i := range posteriors {
					posteriors[i] = Posterior{float64(20 + (i*7+n)%9), float64(1000 + i*n%37)}
				}
				bests(posteriors)
			}
		})
	}
}
