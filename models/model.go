// Package models serves ONNX models: it loads bundles, keeps the ones that serve in a registry whose content changes in one step, and
// turns a feature vector into predictions.
package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"sync"

	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// Errors that Load wraps beside those of package bundle.
var (
	ErrWidth  = errors.New("the model does not take as many features as bundle.yaml has inputs")
	ErrGolden = errors.New("the model does not give its golden scores")
)

// Session is a loaded model. Run takes whole rows and writes the outputs of each; it may be called concurrently, until Close.
type Session interface {
	Run(in, out []float32) error
	Close() error
}

// Model is a bundle that is ready to serve. It is immutable and safe for concurrent use.
type Model struct {
	*bundle.Bundle
	id      string
	runtime *ort.Runtime
	session Session
	columns []int     // index in the vector of each input
	usual   []float32 // value of each input that says nothing
	buffers sync.Pool // of *buffer

	holders holders
}

// buffer is what a run gathers its rows in.
type buffer struct{ in, out []float32 }

// Load reads the bundle in the root of a folder and makes it ready to serve with vectors of the FeatureSet. Whatever can be wrong with
// it comes out here: the errors of bundle.Read and Columns, ErrWidth, ErrGolden and OutputError.
func Load(ctx context.Context, folder fs.FS, features bundle.Features, runtime *ort.Runtime) (*Model, error) {
	b, err := bundle.Read(folder)
	if err != nil {
		return nil, fmt.Errorf("load bundle: %w", err)
	}
	m, err := open(ctx, b, features, runtime)
	if err != nil {
		return nil, fmt.Errorf("load bundle %s: %w", b.ID(), err)
	}
	return m, nil
}

func open(ctx context.Context, b *bundle.Bundle, features bundle.Features, runtime *ort.Runtime) (*Model, error) {
	columns, err := b.Columns(features)
	if err != nil {
		return nil, err
	}
	session, err := runtime.Open(b.ONNX, outputsOf(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Model.Name, err)
	}
	m := &Model{Bundle: b, id: b.ID(), runtime: runtime, session: session, columns: columns, usual: usual(&b.Reference)}
	m.buffers.New = func() any { return &buffer{} }
	b.ONNX = nil // the session has its own copy
	if session.Width() != len(columns) {
		err = fmt.Errorf("%w: %s takes %d, there are %d inputs", ErrWidth, b.Model.Name, session.Width(), len(columns))
	} else {
		err = m.checkGolden(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, session.Close())
	}
	return m, nil
}

func outputsOf(b *bundle.Bundle) []ort.Output {
	outputs := make([]ort.Output, len(b.Outputs))
	for i, o := range b.Outputs {
		outputs[i] = ort.Output{Tensor: o.Tensor, Column: o.Column}
	}
	return outputs
}

// checkGolden runs the golden rows one by one and all at once: a request is a row, a campaign is many.
func (m *Model) checkGolden(ctx context.Context) error {
	rows, width, outputs := m.Golden.Rows, len(m.Inputs), len(m.Outputs)
	all := make([]float32, 0, len(rows)*width)
	for _, row := range rows {
		for _, v := range row {
			all = append(all, float32(v))
		}
	}
	for _, step := range []int{1, batchRows} {
		for first := 0; first < len(rows); first += step {
			last := min(first+step, len(rows))
			out := make([]float32, (last-first)*outputs)
			if err := m.run(ctx, all[first*width:last*width], out); err != nil {
				return fmt.Errorf("golden rows from %d: %w", first, err)
			}
			for i := range last - first {
				if err := compare(m.Bundle, first+i, out[i*outputs:(i+1)*outputs]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (m *Model) run(ctx context.Context, in, out []float32) error {
	if err := m.runtime.Acquire(ctx); err != nil {
		return err
	}
	defer m.runtime.Release()
	return m.session.Run(in, out)
}

func compare(b *bundle.Bundle, row int, got []float32) error {
	if err := checkOutputs(&b.Manifest, got); err != nil {
		return fmt.Errorf("golden row %d: %w", row, err)
	}
	for i, want := range b.Golden.Scores[row] {
		if diff := math.Abs(float64(got[i]) - want); !(diff <= b.Golden.Tolerance) {
			return fmt.Errorf("%w: row %d: %s is %v, expected %v within %v", ErrGolden, row, b.Outputs[i].Name, got[i], want, b.Golden.Tolerance)
		}
	}
	return nil
}

// ID is the name and version, as in churn@3.
func (m *Model) ID() string { return m.id }

// Close frees a model that was never given to a registry; the registry closes the others.
func (m *Model) Close() error { return m.session.Close() }
