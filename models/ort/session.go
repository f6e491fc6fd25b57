package ort

import (
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"
)

// sizes is how many sizes of batch there are: 1, 2, 4 … maxRows.
const sizes = 6

// maxRows is the most rows that one call into ONNX Runtime takes; Run splits what is longer.
const maxRows = 1 << (sizes - 1)

// Output names one number a row of what a model puts out.
type Output struct {
	// Tensor is the name of a float tensor of shape [N], [N, 1] or [N, K].
	Tensor string
	// Column is below K.
	Column int
}

// Session is one loaded model with a single input tensor of float32 [N, width] or [1, width]. Runs may be concurrent.
type Session struct {
	session *onnx.DynamicAdvancedSession
	input   string
	width   int
	rows    int // most rows a call: maxRows, or 1 when the model fixes it
	columns []column
	tensors []outputTensor

	mu     sync.Mutex
	idle   [sizes][]*binding // by log2 of their rows
	closed bool
}

// outputTensor is one tensor that is asked of the model; several columns may come from it.
type outputTensor struct {
	name  string
	width int
	flat  bool // [N] rather than [N, width]
}

func (t outputTensor) shape(rows int) onnx.Shape {
	if t.flat {
		return onnx.NewShape(int64(rows))
	}
	return onnx.NewShape(int64(rows), int64(t.width))
}

type column struct{ tensor, offset int }

// Open loads a model from its bytes. The bytes must have come through a check of operators first: a custom operator or external
// data is not refused here. Close the session when no run is under way.
func (r *Runtime) Open(model []byte, outputs []Output) (*Session, error) {
	ins, outs, err := onnx.GetInputOutputInfoWithONNXData(model)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	s := &Session{}
	if err := s.readInput(ins); err != nil {
		return nil, err
	}
	if err := s.readOutputs(outs, outputs); err != nil {
		return nil, err
	}
	if err := s.start(model); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Session) start(model []byte) error {
	options, err := singleThreaded()
	if err != nil {
		return err
	}
	defer options.Destroy()
	names := make([]string, len(s.tensors))
	for i, t := range s.tensors {
		names[i] = t.name
	}
	s.session, err = onnx.NewDynamicAdvancedSessionWithONNXData(model, []string{s.input}, names, options)
	if err != nil {
		return fmt.Errorf("load model: %w", err)
	}
	return nil
}

// singleThreaded keeps a run on its caller's thread: parallelism comes from requests, and spinning pools would fight over the cores.
func singleThreaded() (*onnx.SessionOptions, error) {
	options, err := onnx.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("create session options: %w", err)
	}
	err = errors.Join(
		options.SetIntraOpNumThreads(1),
		options.SetInterOpNumThreads(1),
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	)
	if err != nil {
		options.Destroy()
		return nil, fmt.Errorf("set session options: %w", err)
	}
	return options, nil
}

func (s *Session) readInput(ins []onnx.InputOutputInfo) error {
	if len(ins) != 1 {
		return fmt.Errorf("model has %d inputs, expected one float tensor of shape [N, features]", len(ins))
	}
	in := ins[0]
	if in.OrtValueType != onnx.ONNXTypeTensor || in.DataType != onnx.TensorElementDataTypeFloat || len(in.Dimensions) != 2 || in.Dimensions[1] < 1 {
		return fmt.Errorf("model input is %s, expected a float tensor of shape [N, features]", in.String())
	}
	s.input, s.width = in.Name, int(in.Dimensions[1])
	switch rows := in.Dimensions[0]; {
	case rows < 1:
		s.rows = maxRows
	case rows == 1:
		s.rows = 1
	default:
		return fmt.Errorf("model input is %s, expected its first dimension to be free or 1", in.String())
	}
	return nil
}

func (s *Session) readOutputs(outs []onnx.InputOutputInfo, wanted []Output) error {
	for _, want := range wanted {
		tensor := slices.IndexFunc(s.tensors, func(t outputTensor) bool { return t.name == want.Tensor })
		if tensor < 0 {
			found := slices.IndexFunc(outs, func(o onnx.InputOutputInfo) bool { return o.Name == want.Tensor })
			if found < 0 {
				return fmt.Errorf("model has no output %q, it has %s", want.Tensor, outputNames(outs))
			}
			t, err := floatTensor(outs[found])
			if err != nil {
				return err
			}
			tensor = len(s.tensors)
			s.tensors = append(s.tensors, t)
		}
		if width := s.tensors[tensor].width; want.Column < 0 || want.Column >= width {
			return fmt.Errorf("model output %q has %d columns, there is no column %d", want.Tensor, width, want.Column)
		}
		s.columns = append(s.columns, column{tensor: tensor, offset: want.Column})
	}
	return nil
}

func floatTensor(out onnx.InputOutputInfo) (outputTensor, error) {
	t := outputTensor{name: out.Name, width: 1, flat: len(out.Dimensions) == 1}
	isFloat := out.OrtValueType == onnx.ONNXTypeTensor && out.DataType == onnx.TensorElementDataTypeFloat
	switch {
	case isFloat && t.flat:
		return t, nil
	case isFloat && len(out.Dimensions) == 2 && out.Dimensions[1] >= 1:
		t.width = int(out.Dimensions[1])
		return t, nil
	}
	return t, fmt.Errorf("model output is %s, expected a float tensor of shape [N] or [N, K] (for a classifier: convert with zipmap off)", out.String())
}

func outputNames(outs []onnx.InputOutputInfo) string {
	names := make([]string, len(outs))
	for i, o := range outs {
		names[i] = o.Name
	}
	return fmt.Sprintf("%q", names)
}

// Width is the number of features in a row.
func (s *Session) Width() int { return s.width }

// Run computes the outputs of the rows in `in`, which lie one after another, Width numbers each; NaN is a missing value. It writes
// one number a row and wanted output to `out`, row by row. A run cannot be cancelled once it is under way: ONNX Runtime only looks
// for that between operators, and a tree ensemble is one operator. Keep batches short instead.
func (s *Session) Run(in, out []float32) error {
	if len(in)%s.width != 0 || len(in)/s.width*len(s.columns) != len(out) {
		return fmt.Errorf("run model: got %d numbers in and room for %d out, expected %d and %d a row", len(in), len(out), s.width, len(s.columns))
	}
	for len(in) > 0 {
		left := min(len(in)/s.width, s.rows)
		rows := 1 << (bits.Len(uint(left)) - 1)
		if err := s.runSome(rows, in[:rows*s.width], out); err != nil {
			return err
		}
		in, out = in[rows*s.width:], out[rows*len(s.columns):]
	}
	return nil
}

// runSome runs a power of two of rows in tensors kept for that size.
func (s *Session) runSome(rows int, in, out []float32) error {
	b, err := s.take(rows)
	if err != nil {
		return err
	}
	defer s.giveBack(b)
	copy(b.input.GetData(), in)
	err = s.session.RunWithBinding(b.io)
	runtime.KeepAlive(b) // ONNX Runtime holds only the address of the tensors' memory
	if err != nil {
		return fmt.Errorf("run model: %w", err)
	}
	for i, c := range s.columns {
		data, width := b.outputs[c.tensor].GetData(), s.tensors[c.tensor].width
		for row := range rows {
			out[row*len(s.columns)+i] = data[row*width+c.offset]
		}
	}
	return nil
}

// Close frees the model. A run must not be under way; a later one fails.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for _, idle := range s.idle {
		for _, b := range idle {
			errs = append(errs, b.destroy())
		}
	}
	s.idle = [sizes][]*binding{}
	return errors.Join(append(errs, s.session.Destroy())...)
}
