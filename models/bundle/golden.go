package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// maxTolerance bounds what a bundle may forgive itself: a model that differs by more is another model.
const maxTolerance = 1e-4

// Golden is golden.json: rows and the scores that the model gave for them where it was trained.
type Golden struct {
	Rows      [][]Number `json:"rows"`
	Texts     []Texts    `json:"texts"` // instead of rows, of a model that reads text
	Scores    []Score    `json:"scores"`
	Tolerance float64    `json:"tolerance"` // the largest absolute difference, up to 1e-4
}

// Number is a feature value; null in JSON is NaN.
type Number float32

// UnmarshalJSON reads a number or null.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float32)(n))
}

// Score is what a model gives for a row, one number an output; in JSON, a plain number when there is one output.
type Score []float64

// UnmarshalJSON reads a number or a list of numbers.
func (s *Score) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*[]float64)(s))
	}
	var one *float64
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	if one == nil {
		return fmt.Errorf("a score is null, expected a number")
	}
	*s = Score{*one}
	return nil
}

// parseGolden checks the shape against the manifest; whether the model agrees is seen when it is loaded.
func parseGolden(text []byte, m *Manifest) (Golden, error) {
	var g Golden
	if err := strictJSON(text, &g); err != nil {
		return Golden{}, fmt.Errorf("%s: %w", m.Golden.Name, err)
	}
	p := &problems{file: m.Golden.Name}
	if g.rows() == 0 || g.rows() != len(g.Scores) {
		p.add("scores", "got %d for %d rows, expected one a row and at least one row", len(g.Scores), g.rows())
	}
	if g.Tolerance <= 0 || g.Tolerance > maxTolerance {
		p.add("tolerance", "got %v, expected a number above 0 and up to %v", g.Tolerance, maxTolerance)
	}
	g.checkRows(p, m)
	for i, score := range g.Scores {
		if len(score) != len(m.Outputs) {
			p.add(fmt.Sprintf("scores[%d]", i), "has %d numbers, bundle.yaml has %d outputs", len(score), len(m.Outputs))
		}
	}
	return g, p.err()
}

func strictJSON(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return fmt.Errorf("something follows the JSON object")
	}
	return nil
}
