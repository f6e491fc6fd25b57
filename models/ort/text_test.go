package ort

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/halfstep-ml/halfstep/models/bundletest"
)

// both are the outputs of bundletest's text model, the second first.
var both = []Output{{Tensor: "y", Column: 1}, {Tensor: "y", Column: 0}}

func openText(t *testing.T) *TextSession {
	t.Helper()
	r, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.OpenText(bundletest.ONNX("text"), both)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestTextSessionRunsTextsOfAnyLength(t *testing.T) {
	s, out := openText(t), make([]float32, 2)
	for _, n := range []int{0, 1, 2, 40, 4096, 3, 0} {
		points := make([]int64, n)
		want := bundletest.TextScore(n, 100)
		for i := range points {
			points[i] = int64('x' - i%2)
		}
		if n > 0 {
			want = bundletest.TextScore(n, rune(points[n-1]))
		}
		if err := s.Run(points, out); err != nil || math.Abs(float64(out[0])-want[1]) > 1e-5 || math.Abs(float64(out[1])-want[0]) > 1e-5 {
			t.Errorf("%d code points: got %v, %v, expected %v", n, out, err, want)
		}
	}
}

func TestTextSessionRefuses(t *testing.T) {
	s := openText(t)
	if err := s.Run([]int64{1}, make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "expected 2") {
		t.Errorf("room for too little: got %v", err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.Run([]int64{1}, make([]float32, 2)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, expected ErrClosed", err)
	}
	r, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		model   []byte
		outputs []Output
		says    string
	}{
		"a model of features": {bundletest.ONNX("plain"), both, "expected an int64 tensor"},
		"no model":            {[]byte("hello"), both, "load model"},
		"no such column":      {bundletest.ONNX("text"), []Output{{Tensor: "y", Column: 2}}, "no column 2"},
		"no such tensor":      {bundletest.ONNX("text"), []Output{{Tensor: "z"}}, `no output "z"`},
	} {
		if _, err := r.OpenText(test.model, test.outputs); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, expected it to say %q", name, err, test.says)
		}
	}
}
