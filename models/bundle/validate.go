package bundle

import (
	"errors"
	"fmt"
	"math"
	"regexp"
)

const (
	formatVersion = 1
	maxInputs     = 2048
	maxOutputs    = 64
)

var (
	namePattern   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	filePattern   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)
	sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hashPattern   = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
)

// problems collects what is wrong with a file, each with the field it is about.
type problems struct {
	file string
	errs []error
}

func (p *problems) add(field, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %s: %s", p.file, field, fmt.Sprintf(format, args...)))
}

func (p *problems) match(field, value string, pattern *regexp.Regexp, expected string) {
	if !pattern.MatchString(value) {
		p.add(field, "got %q, expected %s", value, expected)
	}
}

func (p *problems) present(field, value string) {
	if value == "" {
		p.add(field, "is missing")
	}
}

func (p *problems) err() error { return errors.Join(p.errs...) }

// validate reports every field that is not allowed, not only the first.
func (m *Manifest) validate() error {
	p := &problems{file: "bundle.yaml"}
	if m.Format != formatVersion {
		p.add("format", "got %d, expected %d", m.Format, formatVersion)
	}
	p.match("name", m.Name, namePattern, "lower-case letters, digits and _")
	p.match("task", m.Task, namePattern, "lower-case letters, digits and _")
	if m.Version < 1 {
		p.add("version", "got %d, expected a whole number from 1", m.Version)
	}
	if m.Created.IsZero() {
		p.add("created", "is missing or no time, expected one like 2026-01-31T12:00:00Z")
	}
	p.present("licence", m.Licence)
	p.digest("model", m.Model.File)
	p.digest("golden", m.Golden)
	p.digest("reference", m.Reference)
	if m.Kind != KindFeatures && m.Kind != KindText {
		p.add("kind", "got %q, expected features or text", m.Kind)
	}
	m.validateInputs(p)
	m.validateOutputs(p)
	if m.Kind == KindText {
		m.validateTask(p)
	}
	m.validateBands(p)
	m.validateHistory(p)
	return p.err()
}

func (p *problems) digest(field string, f File) {
	p.match(field+".file", f.Name, filePattern, "a file name in the bundle's folder")
	p.match(field+".sha256", f.SHA256, sha256Pattern, "64 hex digits in lower case")
}

func (m *Manifest) validateInputs(p *problems) {
	if len(m.Inputs) == 0 || len(m.Inputs) > maxInputs {
		p.add("inputs", "got %d, expected 1 to %d", len(m.Inputs), maxInputs)
	}
	first := map[string]int{}
	for i, input := range m.Inputs {
		field := fmt.Sprintf("inputs[%d]", i)
		if m.Kind == KindText {
			input.validateText(p, field, i == 0)
		} else {
			input.validateFeature(p, field)
		}
		if earlier, ok := first[input.Name]; ok {
			p.add(field+".name", "%s is already inputs[%d]", input.Name, earlier)
			continue
		}
		first[input.Name] = i
	}
}

func (i Input) validateFeature(p *problems, field string) {
	p.present(field+".name", i.Name)
	p.match(field+".hash", i.Hash, hashPattern, "the feature's definition hash, 8 to 64 hex digits in lower case")
	if i.DType != "" && i.DType != "float32" {
		p.add(field+".dtype", "got %q, expected float32", i.DType)
	}
}

func (m *Manifest) validateOutputs(p *problems) {
	if len(m.Outputs) == 0 || len(m.Outputs) > maxOutputs {
		p.add("outputs", "got %d, expected 1 to %d", len(m.Outputs), maxOutputs)
	}
	for i, output := range m.Outputs {
		field := fmt.Sprintf("outputs[%d]", i)
		p.match(field+".name", output.Name, namePattern, "lower-case letters, digits and _")
		p.present(field+".tensor", output.Tensor)
		if output.Column < 0 {
			p.add(field+".column", "got %d, expected 0 or more", output.Column)
		}
		if low, high := output.Range[0], output.Range[1]; !finite(low, high) || low >= high {
			p.add(field+".range", "got [%v, %v], expected the smallest and the largest value, as in [0, 1]", low, high)
		}
	}
}

func (m *Manifest) validateBands(p *problems) {
	if len(m.Outputs) == 0 {
		return
	}
	low, high := m.Outputs[0].Range[0], m.Outputs[0].Range[1]
	if !finite(m.BaseRate) || m.BaseRate < low || m.BaseRate > high {
		p.add("base_rate", "got %v, expected a number in the range of outputs[0], [%v, %v]", m.BaseRate, low, high)
	}
	if len(m.Bands) == 0 {
		p.add("bands", "is missing, expected names for ranges of scores, as in [{name: low, from: 0}, {name: high, from: 0.7}]")
		return
	}
	if m.Bands[0].From != low {
		p.add("bands[0].from", "got %v, expected the lowest score, %v", m.Bands[0].From, low)
	}
	for i, band := range m.Bands {
		field := fmt.Sprintf("bands[%d]", i)
		p.match(field+".name", band.Name, namePattern, "lower-case letters, digits and _")
		if !finite(band.From) || band.From > high || (i > 0 && band.From <= m.Bands[i-1].From) {
			p.add(field+".from", "got %v, expected rising bounds up to %v", band.From, high)
		}
	}
}

// validateHistory checks what nothing at run time reads, and people do.
func (m *Manifest) validateHistory(p *problems) {
	switch m.Calibration.Method {
	case "none", "sigmoid", "isotonic", "temperature":
	default:
		p.add("calibration.method", "got %q, expected none, sigmoid, isotonic or temperature", m.Calibration.Method)
	}
	m.validateOrigin(p)
	if len(m.Training.Data) == 0 {
		p.add("training.data", "is missing, expected the files that the model learned from")
	}
	for i, data := range m.Training.Data {
		p.present(fmt.Sprintf("training.data[%d].name", i), data.Name)
		p.match(fmt.Sprintf("training.data[%d].sha256", i), data.SHA256, sha256Pattern, "64 hex digits in lower case")
	}
	if len(m.Metrics) == 0 {
		p.add("metrics", "is missing, expected how good the model is, with intervals")
	}
	for i, metric := range m.Metrics {
		field := fmt.Sprintf("metrics[%d]", i)
		p.present(field+".name", metric.Name)
		if !finite(metric.Value, metric.Low, metric.High) || metric.Low > metric.Value || metric.Value > metric.High {
			p.add(field, "got value %v in [%v, %v], expected low <= value <= high", metric.Value, metric.Low, metric.High)
		}
	}
}

// validateOrigin asks less of a text model: its labels may have come with its texts, and texts may have no time.
func (m *Manifest) validateOrigin(p *problems) {
	label, window := m.Training.Label, m.Training.Window
	if m.Kind == KindText {
		p.present("training.label.meaning", label.Meaning)
	} else {
		p.present("training.features", m.Training.Features)
		p.present("training.label.file", label.File)
	}
	if m.Kind != KindText || label.File != "" {
		p.match("training.label.sha256", label.SHA256, sha256Pattern, "64 hex digits in lower case")
	}
	if m.Kind == KindText && window == (Window{}) {
		return
	}
	if window.From.IsZero() || !window.From.Before(window.To) {
		p.add("training.window", "got %s to %s, expected a time and a later one", window.From, window.To)
	}
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
