package models_test

import (
	"math"
	"testing"

	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundletest"
)

func TestAConstantSaysTheSameOfEveryRow(t *testing.T) {
	m := load(t, bundletest.Constant("churn", 0.85))
	nan := float32(math.NaN())
	got := models.PredictBatch(t.Context(), nil, []*models.Model{m}, [][]float32{{1, 2, 3, 4}, {nan, nan, nan, nan}})
	for _, p := range got {
		if p.Err != nil || p.Score != 0.85 || p.Band != "high" {
			t.Errorf("%+v, want a high score of 0.85", p)
		}
	}
}
