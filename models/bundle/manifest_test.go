package bundle_test

import (
	"strings"
	"testing"

	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/bundletest"
)

func manifest() string { return string(bundletest.Trees().Files()["bundle.yaml"].Data) }

func TestParseManifest(t *testing.T) {
	m, err := bundle.ParseManifest([]byte(manifest()))
	if err != nil {
		t.Fatal(err)
	}
	if m.ID() != "churn@1" || len(m.Inputs) != 4 || m.Inputs[3].Hash != "5e1f0c2200000004" || m.Outputs[0].Range != [2]float64{0, 1} {
		t.Fatalf("got %+v", m)
	}
	if m.Training.Window.From.Year() != 2010 || m.Metrics[0].High != 0.9 || m.Bands[2].Direction != "worsening" {
		t.Fatalf("got %+v", m)
	}
}

// TestParseManifestRefuses changes one thing of a manifest at a time.
func TestParseManifestRefuses(t *testing.T) {
	tests := []struct{ name, old, new, says string }{
		{"unknown key", "base_rate:", "baserate:", "[17:1] unknown field \"baserate\""},
		{"unknown key inside", "column: 1", "colum: 1", "colum"},
		{"duplicate key", "version: 1\n", "version: 1\nversion: 2\n", "version"},
		{"text for a number", "version: 1", "version: latest", "version"},
		{"broken YAML", "bands: [", "bands: [[[", "bundle.yaml"},
		{"brackets without end", "bands: [", "bands: " + strings.Repeat("[", 1<<17), "deep"},
		{"dashes without end", "bands: [", "bands: " + strings.Repeat("- ", 1<<16), "deep"},
		{"format of the future", "format: 1", "format: 2", "format: got 2, expected 1"},
		{"no version", "version: 1", "version: 0", "version: got 0"},
		{"name with a slash", "name: churn", "name: ../churn", "name: got \"../churn\""},
		{"no licence", "licence: Apache-2.0", "licence: ''", "licence: is missing"},
		{"no time", "created: 2026-01-31T12:00:00Z\n", "", "created: is missing"},
		{"file elsewhere", "file: model.onnx", "file: ../model.onnx", "model.file"},
		{"no digest", "golden.json, sha256: \"", "golden.json, sha256: \"zz", "golden.sha256"},
		{"images", "inputs:", "kind: images\ninputs:", "kind: got \"images\", expected features or text"},
		{"features of a text model", "inputs:", "kind: text\ninputs:", "inputs[0].hash: got \"5e1f0c2200000001\", expected none"},
		{"a text that there is not", "inputs:", "kind: text\ninputs:\n  - {name: message, dtype: int64}\n  - {name: subject, dtype: int64}", "inputs[1].name: got \"subject\", expected earlier_message or reply"},
		{"a task that is a place of an event", "task: churn", "kind: text\ntask: models", "task: got models"},
		{"text without a dtype", "inputs:", "kind: text\ninputs:", "inputs[0].dtype: got \"\", expected int64"},
		{"input twice", "name: spend_90d", "name: sessions_7d", "inputs[3].name: sessions_7d is already inputs[2]"},
		{"no hash", "hash: \"5e1f0c2200000002\"", "hash: \"\"", "inputs[1].hash"},
		{"other dtype", "hash: \"5e1f0c2200000002\"", "hash: \"5e1f0c2200000002\", dtype: float64", "inputs[1].dtype: got \"float64\""},
		{"negative column", "column: 1", "column: -1", "outputs[0].column"},
		{"upside-down range", "range: [0, 1]", "range: [1, 0]", "outputs[0].range"},
		{"infinite range", "range: [0, 1]", "range: [0, .inf]", "outputs[0].range"},
		{"no bands", "[{name: low, from: 0}, ", "[] # ", "bands: is missing"},
		{"bands that fall", "from: 0.3", "from: 0.8", "bands[2].from: got 0.7"},
		{"bands that start late", "from: 0}", "from: 0.1}", "bands[0].from"},
		{"base rate above one", "base_rate: 0.21", "base_rate: 1.5", "base_rate: got 1.5"},
		{"base rate that is no number", "base_rate: 0.21", "base_rate: .nan", "base_rate"},
		{"calibration", "method: none", "method: hope", "calibration.method"},
		{"window", "to: 2011-12-09", "to: 2009-12-09", "training.window"},
		{"metric outside its interval", "value: 0.8", "value: 0.95", "metrics[0]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(manifest(), test.old, test.new, 1)
			if text == manifest() {
				t.Fatal("the test changes nothing")
			}
			_, err := bundle.ParseManifest([]byte(text))
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "bundle.yaml: ") {
				t.Fatalf("got %v, expected it to say %q", err, test.says)
			}
		})
	}
}

func TestParseManifestTellsAllAtOnce(t *testing.T) {
	text := strings.NewReplacer("version: 1", "version: 0", "base_rate: 0.21", "base_rate: 7").Replace(manifest())
	_, err := bundle.ParseManifest([]byte(text))
	if err == nil || !strings.Contains(err.Error(), "version") || !strings.Contains(err.Error(), "base_rate") {
		t.Fatalf("got %v, expected both problems", err)
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(manifest()))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("inputs: {0: 1}\nbands: ~"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := bundle.ParseManifest(text)
		if err == nil && (len(m.Inputs) == 0 || len(m.Bands) == 0 || m.Version < 1) {
			t.Fatalf("accepted %+v", m)
		}
	})
}
