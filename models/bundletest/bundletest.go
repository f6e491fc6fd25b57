// Package bundletest makes small bundles for tests: a real one, and any way in which a bundle can be wrong.
package bundletest

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/halfstep-ml/halfstep/models/bundle"
)

//go:embed testdata/*.onnx testdata/*.json
var testdata embed.FS

// ONNX returns one of the models made by testdata/make_models.py. It panics on a name that is not there.
func ONNX(name string) []byte {
	data, err := testdata.ReadFile("testdata/" + name + ".onnx")
	if err != nil {
		panic(err)
	}
	return data
}

// Bundle is what the files of a bundle are written from; change a field and the digests follow.
type Bundle struct {
	Name     string
	Task     string
	Version  int
	Opset    int
	Inputs   []bundle.Input
	Tensor   string
	Column   int
	Bands    string // as YAML
	BaseRate float64
	ONNX     []byte
	Golden   bundle.Golden
	// Outputs replaces the one output, as YAML.
	Outputs string
	// Extra is appended to bundle.yaml.
	Extra string
}

// Inputs are the features of the test models, each with a hash.
func Inputs() []bundle.Input {
	return []bundle.Input{
		{Name: "orders_90d", Hash: "5e1f0c2200000001"},
		{Name: "days_since_last_order", Hash: "5e1f0c2200000002"},
		{Name: "spend_90d", Hash: "5e1f0c2200000003"},
		{Name: "sessions_7d", Hash: "5e1f0c2200000004"},
	}
}

// Trees is churn@1: twelve LightGBM trees with the scores that LightGBM itself gave.
func Trees() Bundle {
	b := base("trees", 9)
	b.Tensor, b.Column = "probabilities", 1
	text, err := testdata.ReadFile("testdata/trees_golden.json")
	if err == nil {
		err = json.Unmarshal(text, &b.Golden)
	}
	if err != nil {
		panic(err)
	}
	return b
}

// Plain is a model of one output tensor y, the sigmoid of the mean of its inputs, or another of the small models in testdata.
func Plain(model string) Bundle {
	b := base(model, 17)
	b.Tensor = "y"
	b.Golden = bundle.Golden{Rows: [][]bundle.Number{{0, 0, 0, 0}}, Scores: []bundle.Score{{0.5}}, Tolerance: 1e-5}
	return b
}

// Constant is version 1 of a model for a task that gives every row the same score.
func Constant(task string, score float32) Bundle {
	b := base("constant", 17)
	b.Name, b.Task, b.Tensor = task, task, "y"
	b.ONNX = bytes.Replace(b.ONNX, float(0.123), float(score), 1)
	b.Golden = bundle.Golden{Rows: [][]bundle.Number{{0, 0, 0, 0}}, Scores: []bundle.Score{{float64(score)}}, Tolerance: 1e-5}
	return b
}

// float is a number as an ONNX file holds it.
func float(x float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)) }

func base(model string, opset int) Bundle {
	return Bundle{
		Name: "churn", Task: "churn", Version: 1, Opset: opset, Inputs: Inputs(), BaseRate: 0.21, ONNX: ONNX(model),
		Bands: "[{name: low, from: 0}, {name: medium, from: 0.3}, {name: high, from: 0.7, direction: worsening}]",
	}
}

// Files writes the bundle into a folder in memory, with digests that fit.
func (b Bundle) Files() fstest.MapFS {
	golden, reference := b.golden(), b.reference()
	var inputs strings.Builder
	for _, in := range b.Inputs {
		if in.DType == "int64" {
			fmt.Fprintf(&inputs, "  - {name: %s, dtype: int64}\n", in.Name)
			continue
		}
		fmt.Fprintf(&inputs, "  - {name: %s, hash: %q}\n", in.Name, in.Hash)
	}
	digest := strings.Repeat("ab", 32)
	outputs := b.Outputs
	if outputs == "" {
		outputs = fmt.Sprintf("[{name: probability, tensor: %s, column: %d, range: [0, 1]}]", b.Tensor, b.Column)
	}
	manifest := fmt.Sprintf(`format: 1
name: %s
version: %d
task: %s
created: 2026-01-31T12:00:00Z
licence: Apache-2.0
model: {file: model.onnx, sha256: %q, opset: %d}
golden: {file: golden.json, sha256: %q}
reference: {file: reference.json, sha256: %q}
inputs:
%soutputs: %s
bands: %s
base_rate: %v
calibration: {method: none}
training:
  features: r1
  label: {file: training/churn.yaml, sha256: %q, meaning: no order within 90 days}
  window: {from: 2010-12-01T00:00:00Z, to: 2011-12-09T00:00:00Z}
  data: [{name: made up, sha256: %q, rows: 2000}]
metrics: [{name: roc_auc, value: 0.8, low: 0.7, high: 0.9, on: made-up customers}]
%s`, b.Name, b.Version, b.Task, Digest(b.ONNX), b.Opset, Digest(golden), Digest(reference), inputs.String(), outputs, b.Bands,
		b.BaseRate, digest, digest, b.Extra)
	return fstest.MapFS{
		"bundle.yaml":    {Data: []byte(manifest)},
		"model.onnx":     {Data: b.ONNX},
		"golden.json":    {Data: golden},
		"reference.json": {Data: reference},
		"README.md":      {Data: []byte("# A model for tests\n")},
	}
}

func (b Bundle) golden() []byte {
	rows := make([][]any, len(b.Golden.Rows))
	for i, row := range b.Golden.Rows {
		for _, v := range row {
			if v != v {
				rows[i] = append(rows[i], nil)
				continue
			}
			rows[i] = append(rows[i], v)
		}
	}
	golden := map[string]any{"scores": b.Golden.Scores, "tolerance": b.Golden.Tolerance}
	if len(rows) > 0 {
		golden["rows"] = rows
	}
	if len(b.Golden.Texts) > 0 {
		golden["texts"] = b.Golden.Texts
	}
	return must(json.Marshal(golden))
}

func (b Bundle) reference() []byte {
	features := make([]map[string]any, len(b.Inputs))
	for i, in := range b.Inputs {
		features[i] = map[string]any{"name": in.Name, "missing": 0.1, "quantiles": []float64{0, 1, 2, 5, 90}}
	}
	scores := map[string]any{"edges": []float64{0, 0.5, 1}, "counts": []int{1200, 800}}
	return must(json.Marshal(map[string]any{"rows": 2000, "features": features, "scores": scores}))
}

// Digest is what bundle.yaml says of a file.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

// Features is a FeatureSet for tests: the inputs of a bundle, in the order of the list.
type Features []bundle.Input

// Lookup returns the hash of a feature.
func (f Features) Lookup(name string) (hash string, ok bool) {
	if i, ok := f.Index(name); ok {
		return f[i].Hash, true
	}
	return "", false
}

// Index returns the place of a feature in the list.
func (f Features) Index(name string) (int, bool) {
	i := slices.IndexFunc(f, func(in bundle.Input) bool { return in.Name == name })
	return i, i >= 0
}
