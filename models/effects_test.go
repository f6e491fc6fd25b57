package models_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundles"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/models/ort"
)

func anyInput(int, int) bool { return true }

func TestEffectsAreWhatIsLostWithoutAnInput(t *testing.T) {
	m := load(t, bundletest.Plain("plain"))
	sigmoid := func(mean float64) float64 { return 1 / (1 + math.Exp(-mean)) }
	score := sigmoid((5 - 3 + 2 + 1) / 4.)
	got, err := models.Effects(t.Context(), []*models.Model{m, m}, []float32{5, -3, 2, 1}, func(model, column int) bool { return model == 0 || column == 1 })
	require.NoError(t, err)
	require.Len(t, got, 2)
	for i, want := range []float64{score - sigmoid((2-3+2+1)/4.), score - sigmoid((5+2+2+1)/4.), 0, score - sigmoid((5-3+2+2)/4.)} {
		require.Equal(t, i, got[0][i].Column)
		require.InDelta(t, want, got[0][i].Effect, 1e-6, "the test reference's median is 2")
	}
	require.Len(t, got[1], 1)
	require.Equal(t, got[0][1], got[1][0])
}

func TestEffectsComeInTimeOrNotAtAll(t *testing.T) {
	m := load(t, bundletest.Plain("plain"))
	late, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := models.Effects(late, []*models.Model{m}, make([]float32, 4), anyInput)
	require.True(t, errors.Is(err, context.Canceled), err)
	_, err = models.Effects(t.Context(), []*models.Model{m}, make([]float32, 2), anyInput)
	require.ErrorContains(t, err, "the vector has 2 features")
}

// customers are vectors of the FeatureSet that ships, no two alike.
func customers(n int) [][]float32 {
	random := rand.New(rand.NewPCG(7, 8))
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, features.Default().Len())
		for j := range out[i] {
			out[i][j] = float32(random.ExpFloat64() * 10)
		}
	}
	return out
}

func BenchmarkEffectsOfTheBundlesThatShip(b *testing.B) {
	runtime, err := ort.Start(ort.Options{})
	require.NoError(b, err)
	all, err := models.LoadAll(b.Context(), bundles.FS(), features.Default(), runtime)
	require.NoError(b, err)
	require.Len(b, all, 3)
	defer func() {
		for _, m := range all {
			_ = m.Close()
		}
	}()
	rows := customers(1024)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := models.Effects(b.Context(), all, rows[i&1023], anyInput); err != nil {
			b.Fatal(err)
		}
	}
}
