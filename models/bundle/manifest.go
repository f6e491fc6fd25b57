package bundle

import (
	"bytes"
	"fmt"
	"time"

	"github.com/goccy/go-yaml"
)

// Manifest is bundle.yaml: everything about a model version that is not its weights. README.md beside this file shows one.
type Manifest struct {
	Format  int       `yaml:"format"`  // 1
	Name    string    `yaml:"name"`    // also the name of the bundle's parent folder
	Version int       `yaml:"version"` // 1, 2, …: also the name of the bundle's folder; the highest serves
	Task    string    `yaml:"task"`    // what is predicted: the key under which /score answers
	Meaning string    `yaml:"meaning"` // what a score of 1 says, in a sentence
	Created time.Time `yaml:"created"`
	Licence string    `yaml:"licence"`
	Terms   string    `yaml:"terms"` // what the training data's licence asks of whoever uses the model

	Model     ModelFile `yaml:"model"`
	Golden    File      `yaml:"golden"`
	Reference File      `yaml:"reference"`

	Kind     string   `yaml:"kind"` // what the inputs are: features, also when left out, or text
	Inputs   []Input  `yaml:"inputs"`
	Outputs  []Output `yaml:"outputs"` // the first is the score
	Bands    []Band   `yaml:"bands"`
	BaseRate float64  `yaml:"base_rate"` // the score to give when the model cannot run

	Calibration Calibration `yaml:"calibration"`
	Training    Training    `yaml:"training"`
	Metrics     []Metric    `yaml:"metrics"`
}

// File names a file of the bundle and what it must contain.
type File struct {
	Name   string `yaml:"file"`
	SHA256 string `yaml:"sha256"`
}

// ModelFile is the ONNX file.
type ModelFile struct {
	File  `yaml:",inline"`
	Opset int `yaml:"opset"` // of the default operator set
}

// Input is one column of the model's input, in the order of the columns; of a text model, one of the texts that it reads.
type Input struct {
	Name  string `yaml:"name"`  // a feature; or what a text is, as in message
	Hash  string `yaml:"hash"`  // of the feature's definition when the model was trained, in hex; none for a text
	DType string `yaml:"dtype"` // float32, also when left out; int64 for a text
}

// Output is one number that the model gives.
type Output struct {
	Name   string     `yaml:"name"`
	Tensor string     `yaml:"tensor"` // name of the ONNX output
	Column int        `yaml:"column"`
	Range  [2]float64 `yaml:"range"` // smallest and largest value it can have
}

// Band names the scores from one bound up to the next band's.
type Band struct {
	Name      string  `yaml:"name"`
	From      float64 `yaml:"from"`
	Direction string  `yaml:"direction"` // for a trend: where it is heading, as in worsening
}

// Calibration tells how scores were made to mean probabilities. It happened inside the ONNX graph: nothing is applied afterwards.
type Calibration struct {
	Method string  `yaml:"method"` // none, sigmoid, isotonic or temperature
	On     string  `yaml:"on"`     // the data it was fitted on
	Error  float64 `yaml:"error"`  // expected calibration error on data it was not fitted on
}

// Training tells what the model learned from.
type Training struct {
	Features string `yaml:"features"` // revision of the FeatureSet; a text model needs none
	Label    Label  `yaml:"label"`
	Window   Window `yaml:"window"`
	Data     []Data `yaml:"data"`
}

// Label is the definition of what was predicted.
type Label struct {
	File    string `yaml:"file"` // as in training/churn.yaml; a text model whose labels came with the texts has no file
	SHA256  string `yaml:"sha256"`
	Meaning string `yaml:"meaning"`
}

// Window is the time that the training data covers. Texts without a time have none.
type Window struct {
	From time.Time `yaml:"from"`
	To   time.Time `yaml:"to"`
}

// Data is a file that the training set was made from.
type Data struct {
	Name   string `yaml:"name"`
	SHA256 string `yaml:"sha256"`
	Rows   int    `yaml:"rows"`
}

// Metric is a measure with its interval.
type Metric struct {
	Name  string  `yaml:"name"`
	Value float64 `yaml:"value"`
	Low   float64 `yaml:"low"`
	High  float64 `yaml:"high"`
	On    string  `yaml:"on"` // what it was measured on, as in "test: last 20% of the points"
}

// ParseManifest reads bundle.yaml strictly and checks it. The error has a line and column for what is no Manifest, and names the field
// of what is not allowed.
func ParseManifest(text []byte) (Manifest, error) {
	if deep(text) {
		return Manifest{}, fmt.Errorf("bundle.yaml: lists and maps inside each other, more than %d deep", maxDepth)
	}
	var m Manifest
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.Strict()); err != nil {
		return Manifest{}, fmt.Errorf("bundle.yaml: %s", yaml.FormatError(err, false, true))
	}
	if m.Kind == "" {
		m.Kind = KindFeatures
	}
	if err := m.validate(); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

// maxDepth is far beyond any manifest. The YAML parser takes time and memory with the square of the depth.
const maxDepth = 64

// deep looks for nesting on the outside only: brackets, and dashes on one line. By indentation alone, a file of the allowed size cannot
// go deep enough to do harm.
func deep(text []byte) bool {
	depth := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth > maxDepth {
			return true
		}
	}
	return bytes.Contains(text, bytes.Repeat([]byte("- "), maxDepth))
}

// ID is the name by which answers and metrics speak of a model version, as in churn@3.
func (m *Manifest) ID() string { return fmt.Sprintf("%s@%d", m.Name, m.Version) }
