package offpolicy

import "math"

// Verdict is what a report says of the target policy against the logged one.
type Verdict string

// The verdicts.
const (
	Better     Verdict = "better"
	Worse      Verdict = "worse"
	Alike      Verdict = "alike" // any difference is too small to matter
	CannotTell Verdict = "cannot tell"
)

// Doubt is why a report cannot tell.
type Doubt string

// The doubts, in the order in which they are raised.
const (
	None       Doubt = ""
	FewSamples Doubt = "too few effective samples"
	FewRewards Doubt = "too few rewards"
	Uncovered  Doubt = "the log does not cover what the policy would do"
	Uncertain  Doubt = "the intervals hold both gain and loss"
)

// Demands are what a verdict needs.
type Demands struct {
	Effective float64 // samples, at least
	Rewarded  float64 // rewards, at least
	Alike     float64 // the greatest difference of reward a sample that does not matter; 0: none is too small
}

// DefaultDemands are those below which the bootstrap's intervals are not to be relied on.
func DefaultDemands() Demands { return Demands{Effective: 100, Rewarded: 20} }

// uncovered is how many standard deviations the mean weight may be off 1.
const uncovered = 3

// Verdict compares the target policy with the logged one. It is only given when SNIPS and DR agree on it.
func (r Report) Verdict(d Demands) (Verdict, Doubt) {
	both := func(holds func(low, high float64) bool) bool {
		return holds(r.GainSNIPS.Low, r.GainSNIPS.High) && holds(r.GainDR.Low, r.GainDR.High)
	}
	switch {
	case !(r.Effective >= d.Effective):
		return CannotTell, FewSamples
	case !(r.Rewarded >= d.Rewarded):
		return CannotTell, FewRewards
	case math.Abs(r.Weight.Value-1) > uncovered*r.deviation+1e-9:
		return CannotTell, Uncovered
	case both(func(low, high float64) bool { return low >= -d.Alike && high <= d.Alike }):
		return Alike, None
	case both(func(low, _ float64) bool { return low > 0 }):
		return Better, None
	case both(func(_, high float64) bool { return high < 0 }):
		return Worse, None
	}
	return CannotTell, Uncertain
}
