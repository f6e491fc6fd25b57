package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// maxPoints bounds the code points of one text that reach the model. What ships reads fewer; the bound is for the cost of any other.
const maxPoints = 4096

// TextModel is a bundle that reads text and is ready to serve. It is immutable and safe for concurrent use.
type TextModel struct {
	*bundle.Bundle
	id      string
	runtime *ort.Runtime
	session *ort.TextSession
	buffers sync.Pool // of *[]int64
	holders holders
}

// LoadText is Load for a bundle that reads text.
func LoadText(ctx context.Context, folder fs.FS, runtime *ort.Runtime) (*TextModel, error) {
	b, err := bundle.Read(folder)
	if err != nil {
		return nil, fmt.Errorf("load bundle: %w", err)
	}
	m, err := openText(ctx, b, runtime)
	if err != nil {
		return nil, fmt.Errorf("load bundle %s: %w", b.ID(), err)
	}
	return m, nil
}

func openText(ctx context.Context, b *bundle.Bundle, runtime *ort.Runtime) (*TextModel, error) {
	if b.Kind != bundle.KindText {
		return nil, fmt.Errorf("%w: it has kind: %s, expected %s", bundle.ErrKind, b.Kind, bundle.KindText)
	}
	session, err := runtime.OpenText(b.ONNX, outputsOf(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Model.Name, err)
	}
	m := &TextModel{Bundle: b, id: b.ID(), runtime: runtime, session: session}
	m.buffers.New = func() any { return new([]int64) }
	b.ONNX = nil // the session has its own copy
	if err := m.checkGolden(ctx); err != nil {
		return nil, errors.Join(err, session.Close())
	}
	return m, nil
}

func (m *TextModel) checkGolden(ctx context.Context) error {
	out := make([]float32, 0, len(m.Outputs))
	for i, texts := range m.Golden.Texts {
		got, err := m.run(ctx, out, texts)
		if err != nil {
			return fmt.Errorf("golden row %d: %w", i, err)
		}
		if err := compare(m.Bundle, i, got); err != nil {
			return err
		}
	}
	return nil
}

// Read appends to dst what the model says of a message, one number an output, in the order of Outputs. The texts after the first are
// what was said before, in the order of Inputs; those that are not given or empty change nothing but the answer's quality, and more
// than the model has inputs are left out. The context bounds the waiting for a core. An error wraps the context's, or is an
// OutputError.
func (m *TextModel) Read(ctx context.Context, dst []float32, texts ...string) ([]float32, error) {
	start := len(dst)
	dst, err := m.run(ctx, dst, texts)
	if err == nil {
		err = checkOutputs(&m.Manifest, dst[start:])
	}
	if err != nil {
		return dst[:start], fmt.Errorf("read text with model %s: %w", m.id, err)
	}
	return dst, nil
}

func (m *TextModel) run(ctx context.Context, dst []float32, texts []string) ([]float32, error) {
	points := m.buffers.Get().(*[]int64)
	defer m.buffers.Put(points)
	*points = appendPoints((*points)[:0], texts[:min(len(texts), len(m.Inputs))])
	start := len(dst)
	dst = slices.Grow(dst, len(m.Outputs))[:start+len(m.Outputs)]
	if err := m.runtime.Acquire(ctx); err != nil {
		return dst[:start], err
	}
	defer m.runtime.Release()
	return dst, m.session.Run(*points, dst[start:])
}

// appendPoints puts a separator between texts, and a space in the place of one inside.
func appendPoints(points []int64, texts []string) []int64 {
	for i, text := range texts {
		if i > 0 {
			points = append(points, bundle.Separator)
		}
		for _, point := range text {
			if len(points) >= maxPoints {
				return points
			}
			if point == bundle.Separator {
				point = ' '
			}
			points = append(points, int64(point))
		}
	}
	return points
}

// ID is the name and version, as in sentiment@1.
func (m *TextModel) ID() string { return m.id }

// Close frees a model that was never given to a registry; the registry closes the others. A Read must not be under way; a later one
// fails.
func (m *TextModel) Close() error { return m.session.Close() }
