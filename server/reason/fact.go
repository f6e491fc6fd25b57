package reason

import (
	"math"
	"slices"
	"strings"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// fact is something that a condition looks at, and how to say it.
type fact struct {
	name   string // a feature's own, else as conditions name it
	column int    // in the vector; -1 for what is no feature
	number func(*playbook.Facts) float64
	value  func(*playbook.Facts) event.Value // where there is no number
	words  []string                          // of a number that is a position in a vocabulary
	called []string                          // how the language calls the words
	call   func(string) string               // how the language calls a text; nil: as it is
	scale  float64                           // seconds in the unit of a span
	text   sentence
	none   sentence
	absent sentence // says that there is no value; empty: that is no reason
	// unknown says so of a feature in any case.
	unknown sentence
}

// scales are the seconds of the units of time.
var scales = map[string]float64{"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}

// feature is the fact of a column.
func (c *compiler) feature(column int) fact {
	f := &c.set.Features()[column]
	fixed := map[string]string{"meaning": or(f.Meaning, plain(f.Name)), "unit": f.Unit, "name": f.Name}
	family, suffix := f.Name, ""
	if at := strings.LastIndexByte(f.Name, '_'); at > 0 {
		if length, err := yamlfile.ParseDuration(f.Name[at+1:]); err == nil {
			family, suffix = f.Name[:at], f.Name[at+1:]
			fixed["window"] = c.wording.span(length)
		}
	}
	known, ok := c.wording.Features[f.Name]
	if !ok {
		known, ok = c.wording.Features[family]
	}
	switch {
	case ok:
	case len(f.Vocabulary) > 0:
		known.Text = c.wording.Worded
	case suffix != "":
		known.Text = c.wording.Windowed
	default:
		known.Text = c.wording.Feature
	}
	out := c.numeric(f.Name, known, fixed, func(facts *playbook.Facts) float64 {
		if column < len(facts.Vector) {
			return float64(facts.Vector[column])
		}
		return math.NaN()
	})
	out.unknown = c.wording.compile(c.wording.Unknown, map[string]string{"name": fixed["meaning"]})
	out.column, out.scale, out.words = column, scales[f.Unit], f.Vocabulary
	for _, word := range f.Vocabulary {
		out.called = append(out.called, c.wording.word(word))
	}
	return out
}

// prediction is the fact of a task's score.
func (c *compiler) prediction(task string, i int) fact {
	known, ok := c.wording.Predictions[task]
	if !ok {
		known.Text = c.wording.Prediction
	}
	return c.numeric("predictions."+task, known, map[string]string{"name": plain(task)}, func(f *playbook.Facts) float64 {
		if i < len(f.Predictions) {
			return float64(f.Predictions[i])
		}
		return math.NaN()
	})
}

func (c *compiler) intent(name string) fact {
	known, ok := c.wording.Intents[name]
	if !ok {
		known.Text = c.wording.Intent
	}
	return c.numeric("intents."+name, known, map[string]string{"name": plain(name)}, func(f *playbook.Facts) float64 {
		for i := range f.Intents {
			if f.Intents[i].Name == name {
				return float64(f.Intents[i].Score)
			}
		}
		return math.NaN()
	})
}

// tag is the fact that a customer has a tag, or has not.
func (c *compiler) tag(name string) fact {
	known, ok := c.wording.Tags[name]
	if !ok {
		known = c.wording.Tag
	}
	return c.phrased("tags."+name, known, map[string]string{"name": plain(name)}, func(f *playbook.Facts) event.Value {
		return event.BoolValue(slices.Contains(f.Tags, name))
	})
}

func (c *compiler) numeric(name string, known phrases, fixed map[string]string, number func(*playbook.Facts) float64) fact {
	f := c.phrased(name, known, fixed, nil)
	f.number = number
	return f
}

func (c *compiler) phrased(name string, known phrases, fixed map[string]string, value func(*playbook.Facts) event.Value) fact {
	f := fact{name: name, column: -1, value: value, text: c.wording.compile(known.Text, fixed)}
	if known.None != "" {
		f.none = c.wording.compile(known.None, fixed)
	}
	if known.Missing != "" {
		f.absent = c.wording.compile(known.Missing, fixed)
	}
	return f
}
