package bundle

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestReadGraph(t *testing.T) {
	model, err := os.ReadFile("../bundletest/testdata/trees.onnx")
	if err != nil {
		t.Fatal(err)
	}
	g, err := readGraph(model)
	if err != nil {
		t.Fatal(err)
	}
	if g.opset != 9 || g.nodes != 5 || len(g.inputs) != 4 || g.inputs[1] != "days_since_last_order" {
		t.Fatalf("got %+v", g)
	}
	for cut := range len(model) {
		if g, err := readGraph(model[:cut]); err == nil && g.nodes != 5 {
			t.Fatalf("the first %d bytes pass for a model of %d operators", cut, g.nodes)
		}
	}
}

// FuzzReadGraph looks for bytes that panic, or that pass with operators outside the allowlist.
func FuzzReadGraph(f *testing.F) {
	files, err := filepath.Glob("../bundletest/testdata/*.onnx")
	if err != nil || len(files) == 0 {
		f.Fatalf("no models to start from: %v", err)
	}
	for _, file := range files {
		model, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(model)
	}
	f.Fuzz(func(t *testing.T, model []byte) {
		g, err := readGraph(model)
		if err == nil && (g.nodes == 0 || g.nodes > maxNodes) {
			t.Fatalf("accepted %+v", g)
		}
		if err != nil && !errors.Is(err, errNotONNX) && !errors.Is(err, ErrOperator) {
			t.Fatalf("an error of another kind: %v", err)
		}
	})
}
