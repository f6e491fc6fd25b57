package models_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// wide is a FeatureSet in which the model's inputs stand in another order, among features that it does not know.
var wide = bundletest.Features{
	{Name: "other", Hash: "00000000000000aa"}, bundletest.Inputs()[3], bundletest.Inputs()[1], {Name: "another", Hash: "00000000000000bb"},
	bundletest.Inputs()[0], bundletest.Inputs()[2],
}

// vector lays a golden row out as the FeatureSet wide has it.
func vector(row []bundle.Number) []float32 {
	return []float32{-1, float32(row[3]), float32(row[1]), -2, float32(row[0]), float32(row[2])}
}

func TestPredictReadsTheVectorByName(t *testing.T) {
	m, err := models.Load(t.Context(), bundletest.Trees().Files(), wide, start(t))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var vectors [][]float32
	for _, row := range m.Golden.Rows {
		vectors = append(vectors, vector(row))
	}
	batch := models.PredictBatch(t.Context(), nil, []*models.Model{m, m}, vectors)
	if len(batch) != 2*len(vectors) {
		t.Fatalf("got %d predictions for %d vectors and 2 models", len(batch), len(vectors))
	}
	for i, v := range vectors {
		one := models.Predict(t.Context(), nil, []*models.Model{m}, v)[0]
		want := m.Golden.Scores[i][0]
		for _, p := range []models.Prediction{one, batch[2*i], batch[2*i+1]} {
			if p.Err != nil || math.Abs(float64(p.Score)-want) > 1e-5 {
				t.Fatalf("row %d: got %+v, expected the golden score %v", i, p, want)
			}
			if p.Task != "churn" || p.Model != "churn@1" || p.Band != bandOf(want) {
				t.Fatalf("row %d: got %+v", i, p)
			}
		}
	}
}

func bandOf(score float64) string {
	switch {
	case score >= 0.7:
		return "high"
	case score >= 0.3:
		return "medium"
	}
	return "low"
}

func TestPredictKnowsPlainOutputs(t *testing.T) {
	for _, model := range []string{"plain", "flat", "one_row"} {
		t.Run(model, func(t *testing.T) {
			m := load(t, bundletest.Plain(model))
			vectors := make([][]float32, 75)
			for i := range vectors {
				x := float32(i)/10 - 3
				vectors[i] = []float32{x, x, x, x}
			}
			for i, p := range models.PredictBatch(t.Context(), nil, []*models.Model{m}, vectors) {
				want := 1 / (1 + math.Exp(-float64(vectors[i][0])))
				if p.Err != nil || math.Abs(float64(p.Score)-want) > 1e-5 {
					t.Fatalf("row %d: got %+v, expected %v", i, p, want)
				}
			}
		})
	}
}

func TestPredictGivesTheBaseRateInstead(t *testing.T) {
	logarithm := bundletest.Plain("nan")
	logarithm.Task = "mood"
	logarithm.Golden.Rows[0] = []bundle.Number{2, 2, 2, 2}
	logarithm.Golden.Scores[0][0] = math.Log(2)
	mood, churn := load(t, logarithm), load(t, bundletest.Plain("plain"))

	t.Run("for the row that fails alone", func(t *testing.T) {
		vectors := [][]float32{{-1, -1, -1, -1}, {2, 2, 2, 2}, {8, 8, 8, 8}}
		got := models.PredictBatch(t.Context(), nil, []*models.Model{mood, churn}, vectors)
		for i, fails := range []bool{true, false, true} {
			p := got[2*i]
			var bad *models.OutputError
			if fails != errors.As(p.Err, &bad) || fails != (p.Score == 0.21) || p.Band == "" {
				t.Errorf("mood of row %d: got %+v", i, p)
			}
			if other := got[2*i+1]; other.Err != nil || other.Score == 0.21 {
				t.Errorf("churn of row %d: got %+v, expected it untouched", i, other)
			}
		}
	})
	t.Run("when the deadline has passed", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, p := range models.Predict(ctx, nil, []*models.Model{mood, churn}, make([]float32, 4)) {
			if !errors.Is(p.Err, context.Canceled) || p.Score != 0.21 || p.Band != "low" {
				t.Errorf("got %+v, expected the base rate", p)
			}
		}
	})
	t.Run("when the vector is another's", func(t *testing.T) {
		p := models.Predict(t.Context(), nil, []*models.Model{churn}, make([]float32, 3))[0]
		if p.Err == nil || !strings.Contains(p.Err.Error(), "3 features") {
			t.Errorf("got %+v", p)
		}
	})
}

func TestPredictWaitsForACoreNoLongerThanTheContext(t *testing.T) {
	runtime, err := ort.Start(ort.Options{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	b := bundletest.Plain("plain")
	m, err := models.Load(t.Context(), b.Files(), bundletest.Features(b.Inputs), runtime)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := runtime.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan models.Prediction)
	go func() { done <- models.Predict(ctx, nil, []*models.Model{m}, make([]float32, 4))[0] }()
	cancel(nil)
	if p := <-done; !errors.Is(p.Err, context.Canceled) {
		t.Fatalf("got %+v, expected the wait to be given up", p)
	}
	runtime.Release()
	if p := models.Predict(t.Context(), nil, []*models.Model{m}, make([]float32, 4))[0]; p.Err != nil {
		t.Fatalf("got %+v once the core was free", p)
	}
}

func TestPredictConcurrently(t *testing.T) {
	m := load(t, bundletest.Plain("plain"))
	var wait sync.WaitGroup
	for seed := range uint64(8) {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1))
			var got []models.Prediction
			for range 300 {
				vectors := make([][]float32, 1+random.IntN(40))
				for i := range vectors {
					x := float32(random.NormFloat64())
					vectors[i] = []float32{x, x, x, x}
				}
				got = models.PredictBatch(t.Context(), got[:0], []*models.Model{m}, vectors)
				for i, p := range got {
					want := 1 / (1 + math.Exp(-float64(vectors[i][0])))
					if p.Err != nil || math.Abs(float64(p.Score)-want) > 1e-5 {
						t.Errorf("got %+v, expected %v: rows of concurrent runs are mixed up", p, want)
						return
					}
				}
			}
		})
	}
	wait.Wait()
}

func TestPredictAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget")
	}
	asked := []*models.Model{load(t, bundletest.Trees()), load(t, bundletest.Plain("plain"))}
	v := []float32{3, 20, 50, 2}
	got := make([]models.Prediction, 0, 2)
	allocations := testing.AllocsPerRun(1000, func() {
		got = models.Predict(t.Context(), got[:0], asked, v)
	})
	if allocations > 0 {
		t.Errorf("a request allocates %v times, expected 0", allocations)
	}
}

func BenchmarkPredict(b *testing.B) {
	m := load(b, bundletest.Trees())
	random := rand.New(rand.NewPCG(1, 2))
	vectors := make([][]float32, 4096)
	for i := range vectors {
		vectors[i] = []float32{random.Float32() * 50, random.Float32() * 50, random.Float32() * 50, random.Float32() * 50}
	}
	for _, rows := range []int{1, 32} {
		b.Run(map[int]string{1: "row", 32: "batch32"}[rows], func(b *testing.B) {
			b.ReportAllocs()
			got := make([]models.Prediction, 0, rows)
			for i := 0; b.Loop(); i += rows {
				at := i % (len(vectors) - rows)
				got = models.PredictBatch(b.Context(), got[:0], []*models.Model{m}, vectors[at:at+rows])
			}
		})
	}
}
