package bundle

import (
	"fmt"
	"slices"
)

// Reference is reference.json: what the training data looked like, to see later whether live data still does.
type Reference struct {
	Rows     int                `json:"rows"`
	Features []FeatureReference `json:"features"` // in the order of the inputs
	Scores   Histogram          `json:"scores"`
}

// FeatureReference is the distribution of one input; of a text, that of its length in code points.
type FeatureReference struct {
	Name    string  `json:"name"`
	Missing float64 `json:"missing"` // share of the rows in which it was missing
	// Quantiles lie at equal steps of probability from the smallest value to the largest; empty when every value was missing.
	Quantiles []float64 `json:"quantiles"`
}

// Histogram counts values between edges; the last bin includes its upper edge.
type Histogram struct {
	Edges  []float64 `json:"edges"`
	Counts []int     `json:"counts"`
}

func parseReference(text []byte, m *Manifest) (Reference, error) {
	var r Reference
	if err := strictJSON(text, &r); err != nil {
		return Reference{}, fmt.Errorf("%s: %w", m.Reference.Name, err)
	}
	p := &problems{file: m.Reference.Name}
	if r.Rows < 1 {
		p.add("rows", "got %d, expected how many rows were counted", r.Rows)
	}
	if len(r.Features) != len(m.Inputs) {
		p.add("features", "got %d, bundle.yaml has %d inputs", len(r.Features), len(m.Inputs))
	} else {
		for i, feature := range r.Features {
			feature.validate(p, fmt.Sprintf("features[%d]", i), m.Inputs[i].Name)
		}
	}
	if len(r.Scores.Counts) == 0 || len(r.Scores.Edges) != len(r.Scores.Counts)+1 {
		p.add("scores", "got %d edges and %d counts, expected one edge more than counts", len(r.Scores.Edges), len(r.Scores.Counts))
	}
	if !slices.IsSorted(r.Scores.Edges) {
		p.add("scores.edges", "expected rising numbers")
	}
	if slices.ContainsFunc(r.Scores.Counts, func(n int) bool { return n < 0 }) {
		p.add("scores.counts", "expected numbers from 0")
	}
	return r, p.err()
}

func (f FeatureReference) validate(p *problems, field, input string) {
	if f.Name != input {
		p.add(field+".name", "got %q, bundle.yaml has %q there: the order must be that of the inputs", f.Name, input)
	}
	if f.Missing < 0 || f.Missing > 1 {
		p.add(field+".missing", "got %v, expected a share from 0 to 1", f.Missing)
	}
	if !slices.IsSorted(f.Quantiles) || len(f.Quantiles) == 1 {
		p.add(field+".quantiles", "expected rising numbers, two or more, or none")
	}
}
