package trial

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Rate is how many of a number of trials succeeded. Successes are at most the trials.
type Rate struct {
	Successes, Trials uint64
}

// Estimate is a number with its 95% interval. Without data all are NaN.
type Estimate struct {
	Value, Low, High float64
}

var (
	normal  = distuv.UnitNormal.Quantile(0.975)
	nothing = Estimate{math.NaN(), math.NaN(), math.NaN()}
)

// Estimate puts Wilson's score interval around a rate of p in n trials, the values that the score test at z = 1.96 does not reject:
//
//	(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
//
// (Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22).
func (r Rate) Estimate() Estimate {
	if r.Trials == 0 {
		return nothing
	}
	n := float64(r.Trials)
	p, square := float64(r.Successes)/n, normal*normal
	center := (p + square/(2*n)) / (1 + square/n)
	reach := normal * math.Sqrt(p*(1-p)/n+square/(4*n*n)) / (1 + square/n)
	return Estimate{p, min(max(center-reach, 0), p), max(min(center+reach, 1), p)}
}

// Lift is by how much the rate of those treated exceeds that of those held out, with Newcombe's hybrid score interval: with
// Wilson's interval [l, u] around each rate,
//
//	d - √((p1-l1)² + (u2-p2)²)  to  d + √((u1-p1)² + (p2-l2)²),  d = p1 - p2
//
// (Newcombe 1998, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17, method 10).
func Lift(treated, held Rate) Estimate {
	t, h := treated.Estimate(), held.Estimate()
	d := t.Value - h.Value
	return Estimate{d, d - math.Hypot(t.Value-t.Low, h.High-h.Value), d + math.Hypot(t.High-t.Value, h.Value-h.Low)}
}

// Suspicious is the probability below which a sample ratio is taken for a fault of the experiment, not for chance.
const Suspicious = 0.001

// SampleRatio returns the probability that parts differ from what was expected of them at least as much as those observed, by Pearson's
// chi-squared test. Below Suspicious, something keeps some customers out or counts others twice, and no comparison of the parts is
// to be trusted (Fabijan et al. 2019, "Diagnosing sample ratio mismatch in online controlled experiments", KDD). Expected are counts or
// shares; only their proportions matter. Where arms are drawn by changing propensities, it is the sum of these. The test is meant for
// five and more expected in each part. It fails unless there are two parts or more and each is expected to hold something.
func SampleRatio(observed []uint64, expected []float64) (float64, error) {
	if len(observed) < 2 || len(observed) != len(expected) {
		return 0, fmt.Errorf("sample ratio: two or more parts and as many shares are expected, got %d and %d", len(observed), len(expected))
	}
	var total, whole float64
	counts, expectations := make([]float64, len(observed)), make([]float64, len(observed))
	for i, n := range observed {
		if !(expected[i] > 0) || math.IsInf(expected[i], 0) {
			return 0, fmt.Errorf("sample ratio: expected[%d]: a number above 0 is expected, got %v", i, expected[i])
		}
		counts[i] = float64(n)
		total += counts[i]
		whole += expected[i]
	}
	if total == 0 {
		return 1, nil
	}
	for i, share := range expected {
		expectations[i] = share / whole * total
	}
	distance := stat.ChiSquare(counts, expectations)
	return distuv.ChiSquared{K: float64(len(observed) - 1)}.Survival(distance), nil
}
