package metric_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/models/metric"
)

// TestFiguresAreScikitLearns compares with what scikit-learn 1.x gives for the same sixty rows, ties among them.
func TestFiguresAreScikitLearns(t *testing.T) {
	scores := []float32{0.48, 0.32, 0.16, 0.75, 0.37, 0.48, 0.44, 0.56, 0.86, 0.14, 0.27, 0.86, 0.27, 0.50, 0.43, 0.66, 0.69, 0.51, 0.57, 0.41, 0.50, 0.89, 0.28, 0.69, 0.34, 0.67, 0.52, 0.28, 0.00, 0.59, 0.44, 0.95, 0.65, 0.23, 0.99, 0.13, 0.58, 0.11, 0.58, 0.05, 0.60, 0.58, 0.40, 0.37, 0.18, 0.34, 0.39, 0.37, 0.91, 0.20, 0.61, 0.04, 0.00, 0.14, 0.24, 0.65, 0.62, 0.64, 0.32, 0.47}
	labels := []uint8{0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0}
	r, err := metric.Evaluate(scores, labels)
	require.NoError(t, err)
	assert.InDelta(t, 0.833994708994709, r.AUC, 1e-9)
	assert.InDelta(t, 0.7394018160961896, r.AP, 1e-9)
	assert.InDelta(t, 0.16737833619117737, r.Brier, 1e-7)
	assert.InDelta(t, 0.4931226968765259, r.LogLoss, 1e-6)
	assert.InDelta(t, 0.1808333311850826, r.ECE, 1e-9)
}

func TestWhatCannotBeJudgedIsRefused(t *testing.T) {
	_, err := metric.Evaluate([]float32{0.1, 0.9}, []uint8{1, 1})
	assert.ErrorIs(t, err, metric.ErrOneClass)
	_, err = metric.Evaluate([]float32{0.1, 1.9}, []uint8{1, 0})
	assert.ErrorContains(t, err, "scores[1]: expected a probability, got 1.9")
	_, err = metric.Evaluate([]float32{0.1}, []uint8{1, 0})
	assert.ErrorContains(t, err, "1 scores for 2 labels")
	_, err = metric.Evaluate([]float32{0.1, 0.2}, []uint8{3, 0})
	assert.ErrorContains(t, err, "labels[0]: expected 0 or 1")
}
