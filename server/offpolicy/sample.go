// Package offpolicy estimates what a policy would have earned from a log of what another policy did: the reward of each decision
// that was made, the probability with which it was made, and the probability with which the policy in question would have made it.
//
// With reward r, logged propensity p, target probability q, weight w = q/p, and a model of rewards that expects m of what was done
// and M of what the target policy would do, over n samples:
//
//	Direct = Σ M / n
//	IPS    = Σ w r / n                (Horvitz and Thompson 1952, JASA 47)
//	SNIPS  = Σ w r / Σ w              (Swaminathan and Joachims 2015, "The self-normalized estimator for counterfactual learning", NIPS 28)
//	DR     = Σ (M + w (r - m)) / n    (Dudík, Langford and Li 2011, "Doubly robust policy evaluation and learning", ICML)
//	ESS    = (Σ w)² / Σ w²            (Kish 1965, "Survey sampling")
//
// IPS and SNIPS need right propensities; DR needs right propensities or a right model; Direct needs a right model. All need the logged
// policy to do now and then whatever the target would do: then weights are 1 on average, which is checked.
//
// Intervals are 95%, by the percentile bootstrap over units (Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter
// 13), so that decisions for one customer, which are alike, do not count as independent. Units are hashed into groups, which are what
// is resampled: memory and time do not grow with the log.
package offpolicy

import (
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

// Sample is one decision of the log. A Sample whose model fields are zero is one without a model: DR is then IPS.
type Sample struct {
	Unit     string  // whom it was made for: units are independent of each other
	Reward   float64 // any finite number
	Logged   float64 // the propensity of what was done: above 0, up to 1
	Target   float64 // the probability of the same under the target policy: 0 to 1
	Expected float64 // m: the reward that a model expects of what was done
	Direct   float64 // M: the reward that a model expects of the target policy
}

func (s Sample) check() error {
	for _, field := range []struct {
		name     string
		value    float64
		right    bool
		expected string
	}{
		{"reward", s.Reward, finite(s.Reward), "a finite number"},
		{"logged propensity", s.Logged, s.Logged > 0 && s.Logged <= 1, "above 0 and up to 1"},
		{"target probability", s.Target, s.Target >= 0 && s.Target <= 1, "0 to 1"},
		{"expected reward", s.Expected, finite(s.Expected), "a finite number"},
		{"direct reward", s.Direct, finite(s.Direct), "a finite number"},
	} {
		if !field.right {
			return fmt.Errorf("sample of %q: %s: %s is expected, got %v", s.Unit, field.name, field.expected, field.value)
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// groups is how many groups units are hashed into.
const groups = 1 << 13

// Evaluation collects samples.
type Evaluation struct {
	seed     uint64
	groups   [groups]sums
	squares  float64 // Σ w²
	rewarded float64 // Σ |w r|
	heavy    float64 // Σ (w r)²
	greatest float64 // w
}

// sums are what all estimates are made of.
type sums struct {
	n, reward, weight, weighted, residual, direct float64
}

func (s *sums) add(o *sums) {
	s.n += o.n
	s.reward += o.reward
	s.weight += o.weight
	s.weighted += o.weighted
	s.residual += o.residual
	s.direct += o.direct
}

// New makes an empty evaluation. The same samples and seed give the same report.
func New(seed uint64) *Evaluation { return &Evaluation{seed: seed} }

// Add takes in a sample. It fails, and takes in nothing, when a field is not as Sample says.
func (e *Evaluation) Add(s Sample) error {
	if err := s.check(); err != nil {
		return err
	}
	w := s.Target / s.Logged
	e.groups[xxhash.Sum64String(s.Unit)>>51].add(&sums{1, s.Reward, w, w * s.Reward, w * (s.Reward - s.Expected), s.Direct})
	e.squares += w * w
	e.rewarded += math.Abs(w * s.Reward)
	e.heavy += w * s.Reward * w * s.Reward
	e.greatest = max(e.greatest, w)
	return nil
}
