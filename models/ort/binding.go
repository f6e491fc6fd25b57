package ort

import (
	"errors"
	"fmt"
	"math/bits"

	onnx "github.com/yalue/onnxruntime_go"
)

// ErrClosed is returned by a run on a session that was closed.
var ErrClosed = errors.New("model session is closed")

// binding is a set of tensors bound to a session: what one run needs, made once and used again.
type binding struct {
	rows    int
	io      *onnx.IoBinding
	input   *onnx.Tensor[float32]
	outputs []*onnx.Tensor[float32]
}

// take returns an idle binding for so many rows, a power of two, or makes one. There are never more than concurrent runs.
func (s *Session) take(rows int) (*binding, error) {
	size := bits.TrailingZeros(uint(rows))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if last := len(s.idle[size]) - 1; last >= 0 {
		b := s.idle[size][last]
		s.idle[size] = s.idle[size][:last]
		return b, nil
	}
	b, err := s.bind(rows)
	if err != nil {
		return nil, fmt.Errorf("prepare tensors for %d rows: %w", rows, err)
	}
	return b, nil
}

func (s *Session) giveBack(b *binding) {
	size := bits.TrailingZeros(uint(b.rows))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle[size] = append(s.idle[size], b)
}

func (s *Session) bind(rows int) (_ *binding, err error) {
	b := &binding{rows: rows}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.destroy())
		}
	}()
	if b.io, err = s.session.CreateIoBinding(); err != nil {
		return nil, err
	}
	if b.input, err = onnx.NewEmptyTensor[float32](onnx.NewShape(int64(rows), int64(s.width))); err != nil {
		return nil, err
	}
	if err = b.io.BindInput(s.input, b.input); err != nil {
		return nil, err
	}
	for _, t := range s.tensors {
		output, err := onnx.NewEmptyTensor[float32](t.shape(rows))
		if err != nil {
			return nil, err
		}
		b.outputs = append(b.outputs, output)
		if err := b.io.BindOutput(t.name, output); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// destroy frees what there is of a binding, so that it also serves one that was made by half.
func (b *binding) destroy() error {
	var errs []error
	if b.io != nil {
		errs = append(errs, b.io.Destroy())
	}
	if b.input != nil {
		errs = append(errs, b.input.Destroy())
	}
	for _, output := range b.outputs {
		errs = append(errs, output.Destroy())
	}
	return errors.Join(errs...)
}
