package playbook

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// crowd is a playbook of n plays, no two alike, of the size that people write.
func crowd(n int) string {
	columns := vocabulary.Features.Features()
	random := rand.New(rand.NewPCG(3, 4))
	column := func() string { return columns[random.IntN(len(columns))].Name }
	var b strings.Builder
	b.WriteString("version: 1\nactions: {a: {kind: k, channels: [web]}}\nplays:\n")
	for i := range n {
		clauses := []string{fmt.Sprintf("features.%s >= %d", column(), random.IntN(3)), fmt.Sprintf("features.%s < %d", column(), 2+random.IntN(40))}
		if i%2 == 0 {
			clauses = append(clauses, fmt.Sprintf("predictions.%s > 0.%d", vocabulary.Tasks[random.IntN(3)], 1+random.IntN(8)))
		}
		if i%3 == 0 {
			clauses = append(clauses, fmt.Sprintf("features.%s + features.%s > %d", column(), column(), random.IntN(4)))
		}
		if i%5 == 0 {
			clauses = append(clauses, `!("price_sensitive" in tags)`)
		}
		fmt.Fprintf(&b, "  - {name: play-%d, on: X, when: '%s', propose: [a]}\n", i, strings.Join(clauses, " && "))
	}
	return b.String()
}

// moments are varied: a benchmark that repeats one is learnt by heart.
func moments(n int) []*Facts {
	random := rand.New(rand.NewPCG(5, 6))
	out := make([]*Facts, n)
	for i := range out {
		f := &Facts{Vector: make([]float32, vocabulary.Features.Len()), Predictions: make([]float32, 3), Channel: "web"}
		for j := range f.Vector {
			f.Vector[j] = float32(random.IntN(6))
		}
		for j := range f.Predictions {
			f.Predictions[j] = random.Float32()
		}
		if i%4 == 0 {
			f.Tags = []string{"price_sensitive"}
		}
		out[i] = f
	}
	return out
}

func BenchmarkConditionsOf200Plays(b *testing.B) {
	book, err := Parse([]byte(crowd(200)), vocabulary)
	require.NoError(b, err)
	plays, facts := book.FiredBy("X"), moments(1024)
	fired := 0
	for _, f := range facts {
		for _, p := range plays {
			if p.Fires(f) {
				if !p.Possible(f) {
					b.Fatalf("%s fires but is not possible", p.Name)
				}
				fired++
			}
		}
	}
	if share := float64(fired) / float64(len(facts)*len(plays)); share < 0.05 || share > 0.8 {
		b.Fatalf("%.2f of the plays fire: too one-sided to measure", share)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f := facts[i%len(facts)]
		for _, p := range plays {
			if p.Fires(f) {
				fired++
			}
		}
	}
}

func BenchmarkParse200Plays(b *testing.B) {
	file := []byte(crowd(200))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := Parse(file, vocabulary); err != nil {
			b.Fatal(err)
		}
	}
}
