package models_test

import (
	"errors"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/bundles"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// The real FeatureSet is what models are loaded with.
var _ bundle.Features = (*features.FeatureSet)(nil)

func start(t testing.TB) *ort.Runtime {
	t.Helper()
	runtime, err := ort.Start(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return runtime
}

func load(t testing.TB, b bundletest.Bundle) *models.Model {
	t.Helper()
	m, err := models.Load(t.Context(), b.Files(), bundletest.Features(bundletest.Inputs()), start(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// refusals is every way in which a bundle can be wrong, with what its maker has to be told.
var refusals = []struct {
	name string
	make func() fs.FS
	is   error
	says []string
}{
	{name: "missing model", make: without("model.onnx"), is: bundle.ErrMissing, says: []string{"model.onnx is missing"}},
	{name: "missing golden rows", make: without("golden.json"), is: bundle.ErrMissing, says: []string{"golden.json is missing"}},
	{name: "missing model card", make: without("README.md"), is: bundle.ErrMissing, says: []string{"README.md is missing"}},
	{name: "missing manifest", make: without("bundle.yaml"), is: bundle.ErrMissing, says: []string{"bundle.yaml is missing"}},
	{name: "another model", make: func() fs.FS {
		files := bundletest.Trees().Files()
		files["model.onnx"] = &fstest.MapFile{Data: bundletest.ONNX("plain")}
		return files
	}, is: bundle.ErrDigest, says: []string{"model.onnx", "sha256"}},
	{name: "cut in half", make: with(func(b *bundletest.Bundle) { b.ONNX = b.ONNX[:len(b.ONNX)/2] }), says: []string{"model.onnx", "cut off"}},
	{name: "no ONNX at all", make: with(func(b *bundletest.Bundle) { b.ONNX = []byte("hello") }), says: []string{"model.onnx", "is not an ONNX model"}},
	{name: "too large", make: with(func(b *bundletest.Bundle) { b.ONNX = make([]byte, 64<<20+1) }), is: bundle.ErrTooLarge, says: []string{"model.onnx"}},
	{name: "inputs in another order", make: with(func(b *bundletest.Bundle) { b.Inputs[1], b.Inputs[2] = b.Inputs[2], b.Inputs[1] }),
		is: bundle.ErrOrder, says: []string{"inputs[1] is spend_90d", "trained with days_since_last_order there"}},
	{name: "an input too many", make: with(func(b *bundletest.Bundle) {
		b.Inputs = append(b.Inputs, bundle.Input{Name: "extra", Hash: "0123456789abcdef"})
		for i := range b.Golden.Rows {
			b.Golden.Rows[i] = append(b.Golden.Rows[i], 0)
		}
	}), says: []string{"inputs: got 5", "trained with 4"}},
	{name: "definition changed", make: with(func(b *bundletest.Bundle) { b.Inputs[2].Hash = "ffffffffffffffff" }),
		is: bundle.ErrChangedFeature, says: []string{"inputs[2]: spend_90d", "ffffffffffffffff", "5e1f0c2200000003"}},
	{name: "golden scores of another model", make: with(func(b *bundletest.Bundle) { b.Golden.Scores[40][0] += 2e-5 }),
		is: models.ErrGolden, says: []string{"row 40", "probability"}},
	{name: "fewer golden scores than rows", make: with(func(b *bundletest.Bundle) { b.Golden.Scores = b.Golden.Scores[1:] }), says: []string{"golden.json: scores"}},
	{name: "generous tolerance", make: with(func(b *bundletest.Bundle) { b.Golden.Tolerance = 0.1 }), says: []string{"golden.json: tolerance"}},
	{name: "no such tensor", make: with(func(b *bundletest.Bundle) { b.Tensor = "scores" }), says: []string{`no output "scores"`, "probabilities"}},
	{name: "no such column", make: with(func(b *bundletest.Bundle) { b.Column = 2 }), says: []string{"no column 2"}},
	{name: "other opset", make: with(func(b *bundletest.Bundle) { b.Opset = 21 }), says: []string{"model.opset: got 21", "says 9"}},
	{name: "score is the class label", make: with(func(b *bundletest.Bundle) { b.Tensor, b.Column = "label", 0 }), says: []string{"label", "float tensor"}},
	{name: "NaN", make: small("nan", func(b *bundletest.Bundle) { b.Golden.Rows[0][0] = -4 }), says: []string{"golden row 0", "probability = NaN"}},
	{name: "out of range", make: small("nan", func(b *bundletest.Bundle) { b.Golden.Rows[0] = []bundle.Number{9, 9, 9, 9} }),
		says: []string{"probability = 2.19", "from 0 to 1"}},
	{name: "custom operator", make: small("custom", nil), is: bundle.ErrOperator, says: []string{`"Score"`, "com.example"}},
	{name: "operator outside the standard", make: small("microsoft", nil), is: bundle.ErrOperator, says: []string{"com.microsoft"}},
	{name: "control flow", make: small("branch", nil), is: bundle.ErrOperator, says: []string{"graph inside an operator"}},
	{name: "weights in another file", make: small("external", nil), is: bundle.ErrOperator, says: []string{"another file"}},
	{name: "narrow input", make: small("narrow", nil), is: models.ErrWidth, says: []string{"takes 3", "4 inputs"}},
	{name: "columns without names", make: small("unnamed", nil), says: []string{"halfstep.inputs"}},
	{name: "whole numbers out", make: small("integers", nil), says: []string{"float tensor"}},
}

func with(edit func(*bundletest.Bundle)) func() fs.FS {
	return func() fs.FS {
		b := bundletest.Trees()
		edit(&b)
		return b.Files()
	}
}

func small(model string, edit func(*bundletest.Bundle)) func() fs.FS {
	return func() fs.FS {
		b := bundletest.Plain(model)
		if edit != nil {
			edit(&b)
		}
		return b.Files()
	}
}

func without(name string) func() fs.FS {
	return func() fs.FS {
		files := bundletest.Trees().Files()
		delete(files, name)
		return files
	}
}

func TestLoadRefuses(t *testing.T) {
	runtime, definitions := start(t), bundletest.Features(bundletest.Inputs())
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			m, err := models.Load(t.Context(), test.make(), definitions, runtime)
			if err == nil {
				m.Close()
				t.Fatal("the bundle was loaded")
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %q is not %q", err, test.is)
			}
			for _, text := range test.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q does not say %q", err, text)
				}
			}
		})
	}
}

func TestLoadRefusesUnknownFeatures(t *testing.T) {
	definitions := bundletest.Features(bundletest.Inputs()[:2])
	_, err := models.Load(t.Context(), bundletest.Trees().Files(), definitions, start(t))
	if !errors.Is(err, bundle.ErrUnknownFeature) || !strings.Contains(err.Error(), "spend_90d") || !strings.Contains(err.Error(), "sessions_7d") {
		t.Fatalf("got %v, expected both features that are not there", err)
	}
}

func TestOutputErrorIsTyped(t *testing.T) {
	b := bundletest.Plain("nan")
	b.Golden.Rows[0] = []bundle.Number{-1, -1, -1, -1}
	_, err := models.Load(t.Context(), b.Files(), bundletest.Features(b.Inputs), start(t))
	var bad *models.OutputError
	if !errors.As(err, &bad) || bad.Model != "churn@1" || bad.Output != "probability" || !math.IsNaN(float64(bad.Value)) {
		t.Fatalf("got %v, expected an OutputError of churn@1", err)
	}
}

func TestLoadAllTakesTheHighestVersion(t *testing.T) {
	folder := fstest.MapFS{"README.md": {Data: []byte("bundles")}}
	place := func(at string, version int) {
		b := bundletest.Trees()
		b.Version = version
		for name, file := range b.Files() {
			folder[at+"/"+name] = file
		}
	}
	place("churn/9", 9)
	place("churn/10", 10)
	definitions := bundletest.Features(bundletest.Inputs())
	loaded, err := models.LoadAll(t.Context(), folder, definitions, start(t))
	if err != nil {
		t.Fatal(err)
	}
	defer loaded[0].Close()
	if len(loaded) != 1 || loaded[0].ID() != "churn@10" {
		t.Fatalf("got %d models, the first %s, expected churn@10 alone", len(loaded), loaded[0].ID())
	}

	place("churn/11", 12)
	if _, err := models.LoadAll(t.Context(), folder, definitions, start(t)); err == nil || !strings.Contains(err.Error(), "churn/11") {
		t.Fatalf("got %v, expected a complaint about the folder churn/11", err)
	}
}

func TestShippedBundlesAreWellFormed(t *testing.T) {
	found, err := bundle.Discover(bundles.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range found {
		sub, err := fs.Sub(bundles.FS(), at.Path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.Read(sub); err != nil {
			t.Errorf("%s: %v", at.Path, err)
		}
	}
}
