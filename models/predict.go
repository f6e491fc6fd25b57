package models

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/halfstep-ml/halfstep/models/bundle"
)

// batchRows is how many rows run before others get their turn: some 32 x 25 us, which a single score can wait for.
const batchRows = 32

// rounding is how far beyond its range an output may lie: a forest's probabilities are a sum of rounded numbers. It is clipped.
const rounding = 1e-6

// Prediction is what one model says about one customer at one instant.
type Prediction struct {
	Task      string  // as in churn
	Score     float32 // in the range of the bundle's first output
	Band      string  // the name of the range of scores it lies in
	Direction string  // for a trend; else empty
	Model     string  // name and version, as in churn@3
	// Err says why the score is the bundle's base rate instead of the model's word: the wait for a core met its deadline (it wraps the
	// context's error), the run failed, or the output was no score (OutputError). Nil otherwise.
	Err error
}

// OutputError is about a number that no model should give: NaN, infinite or out of the range that the bundle states.
type OutputError struct {
	Model  string
	Output string
	Value  float32
	Range  [2]float64
}

func (e *OutputError) Error() string {
	return fmt.Sprintf("model %s gave %s = %v, expected a number from %v to %v", e.Model, e.Output, e.Value, e.Range[0], e.Range[1])
}

// Predict appends to dst the prediction of each model for one vector, in the order of the models. It always appends all of them: one
// that cannot be had is the base rate, with Err. The vector is laid out as the FeatureSet that the models were loaded with; NaN is a
// missing value. The context bounds the waiting only: a run under way cannot be stopped.
func Predict(ctx context.Context, dst []Prediction, models []*Model, vector []float32) []Prediction {
	one := [1][]float32{vector}
	return PredictBatch(ctx, dst, models, one[:])
}

// PredictBatch is Predict for many vectors: it appends the predictions of the first vector, then those of the second, and so on. Other
// requests get their turn in between.
func PredictBatch(ctx context.Context, dst []Prediction, models []*Model, vectors [][]float32) []Prediction {
	if len(models) == 0 {
		return dst
	}
	dst = slices.Grow(dst, len(models)*len(vectors))
	for len(vectors) > 0 {
		n := min(len(vectors), batchRows)
		start := len(dst)
		dst = dst[:start+n*len(models)]
		predictSome(ctx, dst[start:], models, vectors[:n])
		vectors = vectors[n:]
	}
	return dst
}

// predictSome holds one place at the gate for all models: a request that waits anew for each of them waits three times.
func predictSome(ctx context.Context, dst []Prediction, models []*Model, vectors [][]float32) {
	runtime := models[0].runtime
	err := runtime.Acquire(ctx)
	if err == nil {
		defer runtime.Release()
	}
	for i, m := range models {
		if err == nil && ctx.Err() != nil {
			err = fmt.Errorf("wait to run model %s: %w", m.id, ctx.Err())
		}
		m.predict(dst[i:], len(models), vectors, err)
	}
}

// predict writes one prediction a vector to every step-th place of dst.
func (m *Model) predict(dst []Prediction, step int, vectors [][]float32, err error) {
	b := m.buffers.Get().(*buffer)
	defer m.buffers.Put(b)
	outputs := len(m.Outputs)
	if err == nil {
		err = m.gather(b, vectors)
	}
	if err == nil {
		err = m.session.Run(b.in, b.out)
	}
	for row := range vectors {
		p := &dst[row*step]
		*p = Prediction{Task: m.Task, Model: m.id, Score: float32(m.BaseRate), Err: err}
		if err == nil {
			out := b.out[row*outputs : (row+1)*outputs]
			if bad := checkOutputs(&m.Manifest, out); bad != nil {
				p.Err = bad
			} else {
				p.Score = out[0]
			}
		}
		p.Band, p.Direction = m.band(p.Score)
	}
}

// gather puts the model's inputs side by side, in its own order.
func (m *Model) gather(b *buffer, vectors [][]float32) error {
	b.in = b.in[:0]
	for _, vector := range vectors {
		for _, column := range m.columns {
			if column >= len(vector) {
				return fmt.Errorf("run model %s: the vector has %d features, expected those of the FeatureSet it was loaded with", m.id, len(vector))
			}
			b.in = append(b.in, vector[column])
		}
	}
	size := len(vectors) * len(m.Outputs)
	b.out = slices.Grow(b.out[:0], size)[:size]
	return nil
}

// checkOutputs accepts the outputs of one row, clipped to their ranges.
func checkOutputs(m *bundle.Manifest, out []float32) error {
	for i, value := range out {
		low, high := m.Outputs[i].Range[0], m.Outputs[i].Range[1]
		v := float64(value)
		if math.IsNaN(v) || v < low-rounding || v > high+rounding {
			return &OutputError{Model: m.ID(), Output: m.Outputs[i].Name, Value: value, Range: m.Outputs[i].Range}
		}
		out[i] = float32(min(max(v, low), high))
	}
	return nil
}

// band returns the name and direction of the range of scores that a score lies in. Bounds are rounded as scores are, so that a score
// of 0.7 is in the band from 0.7.
func (m *Model) band(score float32) (name, direction string) {
	for i := len(m.Bands) - 1; i > 0; i-- {
		if score >= float32(m.Bands[i].From) {
			return m.Bands[i].Name, m.Bands[i].Direction
		}
	}
	return m.Bands[0].Name, m.Bands[0].Direction
}
