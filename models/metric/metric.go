// Package metric judges scores against what came true, with the same definitions as scikit-learn's, so that Go and Python report the
// same figures.
package metric

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Report is how good the scores of a set are.
type Report struct {
	Rows      int     `json:"rows"`
	Positives int     `json:"positives"`
	Rate      float64 `json:"rate"` // of positives
	AUC       float64 `json:"auc"`
	AP        float64 `json:"average_precision"`
	Brier     float64 `json:"brier"`
	LogLoss   float64 `json:"log_loss"`
	ECE       float64 `json:"expected_calibration_error"`
	MeanScore float64 `json:"mean_score"`
	Lift10    float64 `json:"lift_top_decile"` // rate among the highest tenth, over the rate of all
}

// ErrOneClass refuses a set in which every label is the same: nothing can be told apart there.
var ErrOneClass = errors.New("the labels are all of one class; metrics need positives and negatives")

// Evaluate judges scores (probabilities, 0 to 1) against labels (0 or 1).
func Evaluate(scores []float32, labels []uint8) (Report, error) {
	if len(scores) != len(labels) {
		return Report{}, fmt.Errorf("%d scores for %d labels", len(scores), len(labels))
	}
	ranked := make([]row, len(scores))
	r := Report{Rows: len(scores)}
	for i, s := range scores {
		if !(s >= 0 && s <= 1) {
			return Report{}, fmt.Errorf("scores[%d]: expected a probability, got %v", i, s)
		}
		if labels[i] > 1 {
			return Report{}, fmt.Errorf("labels[%d]: expected 0 or 1, got %d", i, labels[i])
		}
		ranked[i] = row{score: float64(s), positive: labels[i] == 1}
		r.Positives += int(labels[i])
		r.MeanScore += float64(s) / float64(len(scores))
	}
	if r.Positives == 0 || r.Positives == r.Rows {
		return Report{}, ErrOneClass
	}
	slices.SortFunc(ranked, func(a, b row) int { return cmp.Compare(b.score, a.score) })
	r.Rate = float64(r.Positives) / float64(r.Rows)
	r.AUC, r.AP = curves(ranked, r.Positives)
	r.Brier, r.LogLoss = losses(ranked)
	r.ECE = calibrationError(ranked)
	r.Lift10 = lift(ranked, r.Rate)
	return r, nil
}

type row struct {
	score    float64
	positive bool
}

// curves is the area under the ROC curve (Mann-Whitney, ties counted half) and the average precision (the sum of precisions weighted
// by the recall each adds, without interpolation), both in one walk down the ranks.
func curves(ranked []row, positives int) (auc, ap float64) {
	negatives := float64(len(ranked) - positives)
	var tp, fp float64
	for i := 0; i < len(ranked); {
		var p, n float64
		for score := ranked[i].score; i < len(ranked) && ranked[i].score == score; i++ {
			if ranked[i].positive {
				p++
			} else {
				n++
			}
		}
		auc += n * (tp + p/2)
		tp, fp = tp+p, fp+n
		ap += p / float64(positives) * tp / (tp + fp)
	}
	return auc / (float64(positives) * negatives), ap
}

// losses is the mean squared error (Brier, 1950) and the mean negative log-likelihood, scores clipped by the spacing of float32 as
// scikit-learn clips float32 input.
func losses(ranked []row) (brier, logLoss float64) {
	const eps = 1.1920928955078125e-07
	for _, r := range ranked {
		p, y := min(max(r.score, eps), 1-eps), 0.0
		if r.positive {
			y = 1
		} else {
			p = 1 - p
		}
		brier += (r.score - y) * (r.score - y)
		logLoss -= math.Log(p)
	}
	n := float64(len(ranked))
	return brier / n, logLoss / n
}

// calibrationError is the mean distance between score and rate over ten bins of equal width, weighted by their rows (Naeini et al.,
// "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015).
func calibrationError(ranked []row) float64 {
	const bins = 10
	var score, rate [bins]float64
	for _, r := range ranked {
		b := min(int(r.score*bins), bins-1)
		score[b] += r.score
		if r.positive {
			rate[b]++
		}
	}
	sum := 0.0
	for b := range bins {
		sum += math.Abs(score[b] - rate[b])
	}
	return sum / float64(len(ranked))
}

// lift is how much more often the highest tenth are positive than all are.
func lift(ranked []row, rate float64) float64 {
	n := max(len(ranked)/10, 1)
	hits := 0.0
	for _, r := range ranked[:n] {
		if r.positive {
			hits++
		}
	}
	return hits / float64(n) / rate
}
