package models

import (
	"context"
	"fmt"
	"math"

	"github.com/halfstep-ml/halfstep/models/bundle"
)

// Effect is what one input does to a score.
type Effect struct {
	Column int     // in the vector
	Effect float32 // the score minus what it would be if the input were what it mostly is in the bundle's reference
}

// Effects tells for each model, in their order, what its inputs do to the score of one vector: by occlusion, one batched run a model.
// An input that is as the reference has it does nothing and is not run. Only inputs for which of says true are looked at, in the order
// of the model's inputs; it is told the model's position and the input's column. The context bounds the waiting; an error means that
// there are no effects at all.
func Effects(ctx context.Context, models []*Model, vector []float32, of func(model, column int) bool) ([][]Effect, error) {
	if len(models) == 0 {
		return nil, nil
	}
	runtime := models[0].runtime
	if err := runtime.Acquire(ctx); err != nil {
		return nil, err
	}
	defer runtime.Release()
	out := make([][]Effect, len(models))
	for i, m := range models {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("wait to occlude inputs of model %s: %w", m.id, err)
		}
		effects, err := m.occlude(vector, func(column int) bool { return of(i, column) })
		if err != nil {
			return nil, fmt.Errorf("occlude inputs of model %s: %w", m.id, err)
		}
		out[i] = effects
	}
	return out, nil
}

// occlude runs the vector as it is, and once for each input that is wanted with that input as the reference has it.
func (m *Model) occlude(vector []float32, wanted func(column int) bool) ([]Effect, error) {
	b := m.buffers.Get().(*buffer)
	defer m.buffers.Put(b)
	one := [1][]float32{vector}
	if err := m.gather(b, one[:]); err != nil {
		return nil, err
	}
	width, outputs := len(m.columns), len(m.Outputs)
	effects, changed := make([]Effect, 0, width), make([]int, 0, width)
	for i, column := range m.columns {
		if !wanted(column) {
			continue
		}
		effects = append(effects, Effect{Column: column})
		if usual := m.usual[i]; usual == b.in[i] || usual != usual && b.in[i] != b.in[i] {
			continue
		}
		changed = append(changed, len(effects)-1)
		b.in = append(b.in, b.in[:width]...)
		b.in[len(b.in)-width+i] = m.usual[i]
	}
	if len(changed) == 0 {
		return effects, nil
	}
	b.out = append(b.out[:0], make([]float32, outputs*(1+len(changed)))...)
	if err := m.session.Run(b.in, b.out); err != nil {
		return nil, err
	}
	for row := range 1 + len(changed) {
		if err := checkOutputs(&m.Manifest, b.out[row*outputs:(row+1)*outputs]); err != nil {
			return nil, err
		}
	}
	for i, at := range changed {
		effects[at].Effect = b.out[0] - b.out[(1+i)*outputs]
	}
	return effects, nil
}

// usual is what each input mostly is in the reference: the median of its rows, missing when most of them had none.
func usual(r *bundle.Reference) []float32 {
	out := make([]float32, len(r.Features))
	for i, f := range r.Features {
		out[i] = float32(math.NaN())
		if n := len(f.Quantiles); n > 0 && f.Missing < 0.5 {
			out[i] = float32((f.Quantiles[(n-1)/2] + f.Quantiles[n/2]) / 2)
		}
	}
	return out
}
