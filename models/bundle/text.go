package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// The kinds of inputs that a model can have.
const (
	KindFeatures = "features" // numbers of the FeatureSet, float32 [N, inputs]
	KindText     = "text"     // texts, as int64 code points [1, any], with Separator between them
)

// Separator stands between the texts that a text model reads together: a message, and what was said before it.
const Separator = 0x1F

// ErrKind is wrapped when a model of one kind is asked to read the other's inputs.
var ErrKind = errors.New("reads other inputs")

// Texts is a golden row of a text model, one text an input; in JSON, a plain string when it is only the first.
type Texts []string

// UnmarshalJSON reads a string or a list of strings.
func (t *Texts) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*[]string)(t))
	}
	var one *string
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	if one == nil {
		return errors.New("a text is null, expected a string")
	}
	*t = Texts{*one}
	return nil
}

// validateText checks an input of a text model, which has a name and nothing of a feature.
func (i Input) validateText(p *problems, field string) {
	p.match(field+".name", i.Name, namePattern, "lower-case letters, digits and _")
	if i.Hash != "" {
		p.add(field+".hash", "got %q, expected none: a text is no feature", i.Hash)
	}
	if i.DType != "int64" {
		p.add(field+".dtype", "got %q, expected int64, for code points", i.DType)
	}
}

// rows is how many golden rows there are, of either kind.
func (g Golden) rows() int { return len(g.Rows) + len(g.Texts) }

// checkRows checks that the rows are of the model's kind and as long as its inputs.
func (g Golden) checkRows(p *problems, m *Manifest) {
	if m.Kind != KindText {
		if len(g.Texts) > 0 {
			p.add("texts", "is for models that read text, this one has kind: %s", m.Kind)
		}
		for i, row := range g.Rows {
			if len(row) != len(m.Inputs) {
				p.add(fmt.Sprintf("rows[%d]", i), "has %d numbers, bundle.yaml has %d inputs", len(row), len(m.Inputs))
			}
		}
		return
	}
	if len(g.Rows) > 0 {
		p.add("rows", "is for models that read features, this one has kind: %s", m.Kind)
	}
	for i, texts := range g.Texts {
		if len(texts) == 0 || len(texts) > len(m.Inputs) {
			p.add(fmt.Sprintf("texts[%d]", i), "has %d texts, bundle.yaml has %d inputs", len(texts), len(m.Inputs))
		}
	}
}
