package ort

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"
)

// TextSession is one loaded model with a single input tensor of int64 [1, any]: code points. Runs may be concurrent.
type TextSession struct {
	outputs *Session // its outputs and what they are kept in; the input is ours

	mu     sync.Mutex
	idle   [][]*onnx.Tensor[float32]
	closed bool
}

// OpenText is Open for a model that reads text.
func (r *Runtime) OpenText(model []byte, outputs []Output) (*TextSession, error) {
	ins, outs, err := onnx.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	if len(ins) != 1 {
		return nil, fmt.Errorf("model has %d inputs, expected one int64 tensor of shape [1, code points]", len(ins))
	}
	in := ins[0]
	isText := in.OrtValueType == onnx.ONNXTypeTensor && in.DataType == onnx.TensorElementDataTypeInt64 && len(in.Dimensions) == 2
	if !isText || in.Dimensions[0] > 1 || in.Dimensions[1] > 0 {
		return nil, fmt.Errorf("model input is %s, expected an int64 tensor of shape [1, code points], the latter free", in.String())
	}
	s := &Session{rows: 1, input: in.Name}
	if err := s.readOutputs(outs, outputs); err != nil {
		return nil, err
	}
	if err := s.start(model); err != nil {
		return nil, err
	}
	return &TextSession{outputs: s}, nil
}

// Run computes the outputs of a text, one number a wanted output. The text may be empty.
func (t *TextSession) Run(points []int64, out []float32) error {
	s := t.outputs
	if len(out) != len(s.columns) {
		return fmt.Errorf("run model: got room for %d numbers, expected %d", len(out), len(s.columns))
	}
	results, err := t.take()
	if err != nil {
		return err
	}
	defer t.giveBack(results)
	input, err := onnx.NewTensor(onnx.NewShape(1, int64(len(points))), points)
	if err != nil {
		return fmt.Errorf("prepare a text of %d code points: %w", len(points), err)
	}
	values := make([]onnx.Value, len(results))
	for i, tensor := range results {
		values[i] = tensor
	}
	err = errors.Join(s.session.Run([]onnx.Value{input}, values), input.Destroy())
	runtime.KeepAlive(points) // ONNX Runtime holds only the addresses of the tensors' memory
	runtime.KeepAlive(results)
	if err != nil {
		return fmt.Errorf("run model: %w", err)
	}
	for i, c := range s.columns {
		out[i] = results[c.tensor].GetData()[c.offset]
	}
	return nil
}

// take returns idle output tensors, or makes some. There are never more than concurrent runs.
func (t *TextSession) take() ([]*onnx.Tensor[float32], error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, ErrClosed
	}
	if last := len(t.idle) - 1; last >= 0 {
		results := t.idle[last]
		t.idle = t.idle[:last]
		return results, nil
	}
	var results []*onnx.Tensor[float32]
	for _, o := range t.outputs.tensors {
		result, err := onnx.NewEmptyTensor[float32](o.shape(1))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("prepare tensors: %w", err), destroyAll(results))
		}
		results = append(results, result)
	}
	return results, nil
}

func (t *TextSession) giveBack(results []*onnx.Tensor[float32]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = append(t.idle, results)
}

// Close frees the model. A run must not be under way; a later one fails.
func (t *TextSession) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	var errs []error
	for _, results := range t.idle {
		errs = append(errs, destroyAll(results))
	}
	t.idle = nil
	return errors.Join(append(errs, t.outputs.Close())...)
}

func destroyAll(tensors []*onnx.Tensor[float32]) error {
	var errs []error
	for _, tensor := range tensors {
		errs = append(errs, tensor.Destroy())
	}
	return errors.Join(errs...)
}
