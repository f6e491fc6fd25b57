package bandit

import "gonum.org/v1/gonum/mathext"

// Posterior is what is believed of an arm's rate: a beta distribution. Both parameters are at least 1.
type Posterior struct {
	Alpha, Beta float64
}

func (p Posterior) below(x float64) float64 { return mathext.RegIncBeta(p.Alpha, p.Beta, x) }

const (
	// finest is how much probability a cell of the integral may hold: of one arm's rate, times that of the best of the others.
	finest = 1.0 / (1 << 12)
	// deepest ends the halving of cells where posteriors are all but points.
	deepest = 50
)

// bests computes for each arm the probability that its rate is greater than that of every other. The integral of G = ∏F[j] over
// the distribution F[i] is taken by the trapezoid rule for Stieltjes integrals, (F(r)-F(l)) (G(l)+G(r))/2 over cells [l, r], which
// needs no density and so minds no peak. Since F and G rise, a cell can be wrong by at most (F(r)-F(l)) (G(r)-G(l))/2: cells are
// halved until that is small, wherever the posteriors may lie.
func bests(posteriors []Posterior) []float64 {
	q := integral{posteriors: posteriors, sums: make([]float64, len(posteriors))}
	if len(posteriors) == 1 {
		q.sums[0] = 1
		return q.sums
	}
	none, all := q.at(0), q.at(1)
	q.over(none, all, 0)
	var total float64
	for _, p := range q.sums {
		total += p
	}
	for i := range q.sums {
		q.sums[i] /= total
	}
	return q.sums
}

// point is what is known at one rate.
type point struct {
	rate   float64
	below  []float64 // of each arm, the probability that its rate is lower
	others []float64 // of each arm, the probability that the rates of all others are
}

type integral struct {
	posteriors []Posterior
	sums       []float64
	spare      []point
}

func (q *integral) at(rate float64) point {
	n := len(q.posteriors)
	var p point
	if last := len(q.spare) - 1; last >= 0 {
		p, q.spare = q.spare[last], q.spare[:last]
	} else {
		both := make([]float64, 2*n)
		p.below, p.others = both[:n:n], both[n:]
	}
	p.rate = rate
	before := 1.0
	for i, posterior := range q.posteriors {
		p.below[i], p.others[i] = posterior.below(rate), before
		before *= p.below[i]
	}
	after := 1.0
	for i := n - 1; i >= 0; i-- {
		p.others[i] *= after
		after *= p.below[i]
	}
	return p
}

// over adds up what lies between two rates.
func (q *integral) over(left, right point, depth int) {
	fine := depth >= deepest
	if !fine {
		fine = true
		for i := range q.sums {
			if (right.below[i]-left.below[i])*(right.others[i]-left.others[i]) > finest {
				fine = false
				break
			}
		}
	}
	if fine {
		for i := range q.sums {
			q.sums[i] += (right.below[i] - left.below[i]) * (left.others[i] + right.others[i]) / 2
		}
		return
	}
	middle := q.at((left.rate + right.rate) / 2)
	q.over(left, middle, depth+1)
	q.over(middle, right, depth+1)
	q.spare = append(q.spare, middle)
}
