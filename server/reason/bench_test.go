package reason

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// issuing is a play that holds, and customers it holds for.
func issuing(tb testing.TB) (*Book, []playbook.Facts) {
	b, _ := compiled(tb, []byte(`version: 1
actions: {a: {kind: k, channels: [web], value: 1}}
plays:
  - name: p
    ask: true
    when: 'features.cart_items > 0 && features.shipping_views_30m >= 1 && !("price_sensitive" in tags) && (features.orders_90d > 3 || predictions.churn > 0.1)'
    propose: [{action: a, likelihood: predictions.cart_abandonment}]`), features.Default())
	random := rand.New(rand.NewPCG(1, 2))
	facts := make([]playbook.Facts, 256)
	for i := range facts {
		f := playbook.Facts{Vector: make([]float32, features.Default().Len()), Predictions: []float32{0.1 + 0.9*random.Float32(), random.Float32(), random.Float32()}}
		for j := range f.Vector {
			f.Vector[j] = float32(1 + random.IntN(9))
		}
		facts[i] = f
	}
	return b, facts
}

func BenchmarkTell(b *testing.B) {
	book, facts := issuing(b)
	var t Teller
	said := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		said += len(t.Tell(book, book.Playbook.Plays[0], &facts[i&255]))
	}
	b.ReportMetric(float64(said)/float64(b.N), "reasons/op")
}

func TestAllocTelling(t *testing.T) {
	book, facts := issuing(t)
	var teller Teller
	teller.Tell(book, book.Playbook.Plays[0], &facts[0])
	i := 0
	require.Zero(t, testing.AllocsPerRun(500, func() { teller.Tell(book, book.Playbook.Plays[0], &facts[i&255]); i++ }))
}
