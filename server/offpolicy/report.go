package offpolicy

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/halfstep-ml/halfstep/server/trial"
)

// Report is what can be said of the target policy. Gains are over the logged policy, on the same samples. Without samples, estimates
// are NaN.
type Report struct {
	Samples   int
	Effective float64        // samples of the target policy itself that would tell as much
	Rewarded  float64        // rewards that the estimate rests on, likewise
	MaxWeight float64        // of one sample
	Weight    trial.Estimate // the mean; 1 when the log covers whatever the target does
	Logged    trial.Estimate // reward a sample of the logged policy
	Direct    trial.Estimate // of the target policy, by each of the estimators
	IPS       trial.Estimate
	SNIPS     trial.Estimate
	DR        trial.Estimate
	GainSNIPS trial.Estimate
	GainDR    trial.Estimate

	deviation float64 // of Weight
}

// resamples is how many times the bootstrap draws.
const resamples = 1000

// figures are the numbers that get an interval.
type figures [8]float64

func (s *sums) figures() figures {
	logged, snips, dr := s.reward/s.n, s.weighted/s.weight, (s.direct+s.residual)/s.n
	return figures{s.weight / s.n, logged, s.direct / s.n, s.weighted / s.n, snips, dr, snips - logged, dr - logged}
}

// Report estimates.
func (e *Evaluation) Report() Report {
	var all sums
	var filled []*sums
	for i := range e.groups {
		if g := &e.groups[i]; g.n > 0 {
			all.add(g)
			filled = append(filled, g)
		}
	}
	values := all.figures()
	drawn := bootstrap(filled, e.seed)
	r := Report{
		Samples:   int(all.n),
		Effective: ratio(all.weight*all.weight, e.squares),
		Rewarded:  ratio(e.rewarded*e.rewarded, e.heavy),
		MaxWeight: e.greatest,
		deviation: stat.StdDev(drawn[0], nil),
	}
	for i, to := range []*trial.Estimate{&r.Weight, &r.Logged, &r.Direct, &r.IPS, &r.SNIPS, &r.DR, &r.GainSNIPS, &r.GainDR} {
		low, high := middle(drawn[i])
		*to = trial.Estimate{Value: values[i], Low: low, High: high}
	}
	return r
}

// bootstrap returns each figure of each resample. One in which no weight was drawn has no figures.
func bootstrap(from []*sums, seed uint64) [len(figures{})][]float64 {
	random := rand.New(rand.NewPCG(seed, uint64(len(from))))
	var drawn [len(figures{})][]float64
	for range resamples {
		var s sums
		for range from {
			s.add(from[random.IntN(len(from))])
		}
		for i, x := range s.figures() {
			if finite(x) {
				drawn[i] = append(drawn[i], x)
			}
		}
	}
	return drawn
}

// middle returns between which bounds 95% of the numbers lie.
func middle(xs []float64) (low, high float64) {
	if len(xs) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(xs)
	return stat.Quantile(0.025, stat.LinInterp, xs, nil), stat.Quantile(0.975, stat.LinInterp, xs, nil)
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
