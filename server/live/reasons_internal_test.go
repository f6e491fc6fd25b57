package live

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundles"
	"github.com/halfstep-ml/halfstep/models/ort"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/reason"
)

// shoppers are people to whom the play checkout-doubt of the e-commerce playbook issues a coupon, no two alike.
func shoppers(b *testing.B) (people []*person, action *decide.Action) {
	text, err := playbook.Preset(playbook.DefaultPreset, "zh")
	require.NoError(b, err)
	set := features.Default()
	book, err := playbook.Parse(text, playbook.Vocabulary{Features: set, Tasks: playbook.StandardTasks()})
	require.NoError(b, err)
	sentences := reason.Compile(book, set)
	random := rand.New(rand.NewPCG(3, 4))
	for range 512 {
		p := &person{features: set, book: book, sentences: sentences}
		for range set.Len() {
			p.facts.Vector = append(p.facts.Vector, float32(1+random.IntN(50)))
		}
		p.facts.Predictions = []float32{random.Float32(), 0.7 + 0.3*random.Float32(), random.Float32()}
		people = append(people, p)
	}
	return people, &decide.Action{Play: book.Play("checkout-doubt")}
}

func BenchmarkReasonsOfAnAction(b *testing.B) {
	people, action := shoppers(b)
	var dst []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		dst = people[i&511].appendReasons(dst[:0], action)
	}
	require.Contains(b, string(dst), "弃购可能性")
}

func BenchmarkExplainThreeBundles(b *testing.B) {
	runtime, err := ort.Start(ort.Options{})
	require.NoError(b, err)
	all, err := models.LoadAll(b.Context(), bundles.FS(), features.Default(), runtime)
	require.NoError(b, err)
	people, action := shoppers(b)
	request, answer := Request{Explain: true}, Answer{}
	j := scoring{scratch: &scratch{models: all}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := people[i&511]
		p.effects, p.decision = p.effects[:0], &decide.Decision{Actions: []decide.Action{*action}}
		answer.Predictions = models.Predict(b.Context(), answer.Predictions[:0], all, p.facts.Vector)
		answer.Because = answer.Because[:0]
		j.explain(b.Context(), &item{request: &request, answer: &answer, person: p, row: p.facts.Vector})
	}
	require.Len(b, answer.Because, 3)
	require.Contains(b, string(answer.Because[0]), "effect")
	for _, m := range all {
		require.NoError(b, m.Close())
	}
}
