package bundletest

import (
	"math"
	"strings"

	"github.com/halfstep-ml/halfstep/models/bundle"
)

// Text is mood@1, a model that reads a message and what was said before it: `length` is the sigmoid of a hundredth of the code points, a
// separator among them, and `last` says which one was the last.
func Text() Bundle {
	b := base("text", 17)
	b.Name, b.Task = "mood", "mood"
	b.Inputs = []bundle.Input{{Name: bundle.Message, DType: "int64"}, {Name: bundle.EarlierMessage, DType: "int64"}}
	b.Outputs = "[{name: length, tensor: y, column: 0, range: [0, 1]}, {name: last, tensor: y, column: 1, range: [0, 1]}]"
	b.Extra = "kind: text\n"
	b.Golden = bundle.Golden{
		Texts:     []bundle.Texts{{""}, {"好"}, {"ab", "好c"}, {"\U0001f621"}},
		Scores:    []bundle.Score{TextScore(0, 100), TextScore(1, '好'), TextScore(5, 'c'), TextScore(1, 0x1f621)},
		Tolerance: 1e-5,
	}
	return b
}

// TextFor is Text as version 1 of a model for another task, with other names for `length` and `last`.
func TextFor(task, length, last string) Bundle {
	b := Text()
	b.Name, b.Task = task, task
	b.Outputs = strings.NewReplacer("name: length", "name: "+length, "name: last", "name: "+last).Replace(b.Outputs)
	return b
}

// TextScore is what Text says of so many code points and the last of them; of none, that is 100.
func TextScore(points int, last rune) bundle.Score {
	return bundle.Score{sigmoid(float64(points) / 100), sigmoid(float64(last-100) / 1000)}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
