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

// The texts that a model can read, as its inputs name them: the message first, then those of the others that it wants.
const (
	Message        = "message"         // what the customer says now
	EarlierMessage = "earlier_message" // what they said before
	Reply          = "reply"           // what they were told after that
)

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

// validateText checks an input of a text model, which is one of the texts that there are and has nothing of a feature.
func (i Input) validateText(p *problems, field string, first bool) {
	switch {
	case first && i.Name != Message:
		p.add(field+".name", "got %q, expected %s: it is what every text model reads first", i.Name, Message)
	case !first && i.Name != EarlierMessage && i.Name != Reply && i.Name != Message:
		p.add(field+".name", "got %q, expected %s or %s", i.Name, EarlierMessage, Reply)
	}
	if i.Hash != "" {
		p.add(field+".hash", "got %q, expected none: a text is no feature", i.Hash)
	}
	if i.DType != "int64" {
		p.add(field+".dtype", "got %q, expected int64, for code points", i.DType)
	}
}

// Tasks of text models whose answers have a place and a meaning of their own in an event.
const (
	TaskSentiment = "sentiment" // the first output, -1 bad to 1 good
	TaskIntent    = "intent"    // an output an intent, 0 to 1
)

// validateTask checks what an event is going to hold of a text model's answers.
func (m *Manifest) validateTask(p *problems) {
	low, high := 0.0, 1.0
	switch m.Task {
	case "intents", "models":
		p.add("task", "got %s, which is the name of something else in what is read out of an event", m.Task)
		return
	case TaskSentiment:
		low = -1
	case TaskIntent:
	default:
		return
	}
	for i, output := range m.Outputs {
		if output.Range[0] < low || output.Range[1] > high {
			p.add(fmt.Sprintf("outputs[%d].range", i), "got [%v, %v], expected one inside [%v, %v] for the task %s", output.Range[0], output.Range[1], low, high, m.Task)
		}
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
