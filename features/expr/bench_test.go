package expr

import (
	"math/rand/v2"
	"testing"
)

// rule is the size of condition that a playbook is made of.
const rule = `features.orders_30d >= 2 && features.spent_30d > 100 && features.visits_7d < 20 &&
	features.age_days > 30 && features.discount_share <= 0.5 && event.name == "Product Added"`

// inputs differ so that no branch is learnt by heart: each clause of rule holds of most, and all of them of a part.
func inputs(n int) []*input {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]*input, n)
	for i := range out {
		in := sample()
		in.columns = [6]float64{
			float64(random.IntN(12)), random.Float64() * 1000, float64(random.IntN(24)),
			float64(random.IntN(3)), random.Float64() * 400, random.Float64() * 0.6,
		}
		if random.IntN(5) == 0 {
			in.name = "Product Viewed"
		}
		out[i] = in
	}
	return out
}

func BenchmarkRule(b *testing.B) {
	ins := inputs(1024)
	p, err := CompileBool(rule, table{})
	if err != nil {
		b.Fatal(err)
	}
	program, activation := celProgram(b, rule)
	held := 0
	for _, in := range ins {
		activation.in = in
		want, _, err := program.Eval(activation)
		if got := p.Eval(in); err != nil || want.Value() != got {
			b.Fatalf("%v, cel-go says %v, %v", got, want, err)
		} else if got {
			held++
		}
	}
	if held < len(ins)/10 || held > len(ins)*9/10 {
		b.Fatalf("the rule holds of %d inputs in %d: too one-sided to measure", held, len(ins))
	}
	b.Run("closures", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			p.Eval(ins[i%len(ins)])
		}
	})
	b.Run("cel-go", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			activation.in = ins[i%len(ins)]
			if _, _, err := program.Eval(activation); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOver measures other kinds of expressions, one by one.
func BenchmarkOver(b *testing.B) {
	for name, source := range map[string]string{
		"properties": `properties.path == "/checkout" && properties.price > 10`,
		"formula":    `features.spent_30d / max(features.orders_30d, 1) > 20`,
		"loop":       `properties.products.exists(p, p.category == "y" && p.price > features.visits_7d)`,
		"tags":       `"vip" in tags`,
	} {
		p, err := CompileBool(source, table{})
		if err != nil {
			b.Fatal(err)
		}
		ins := inputs(1024)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.Eval(ins[i%len(ins)])
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := CompileBool(rule, table{}); err != nil {
			b.Fatal(err)
		}
	}
}
