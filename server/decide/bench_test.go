package decide

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/server/playbook"
)

// crowd is a playbook of n plays that are asked for, no two alike, with 40 actions, caps and quiet hours.
func crowd(t testing.TB, n int) *playbook.Playbook {
	random := rand.New(rand.NewPCG(3, 4))
	columns := vocabulary.Features.Features()
	var actions strings.Builder
	for i := range 40 {
		fmt.Fprintf(&actions, "a%d: {kind: k%d, channels: [web, sms], value: %d, cost: 1, cooldown: 1d}\n", i, i%12, 1+random.IntN(20))
	}
	plays := make([]string, n)
	for i := range plays {
		column := func() string { return columns[random.IntN(len(columns))].Name }
		plays[i] = fmt.Sprintf("{name: p%d, ask: true, when: 'features.%s >= %d && features.%s < %d && predictions.churn > 0.%d', propose: [a%d]}",
			i, column(), random.IntN(3), column(), 2+random.IntN(10), 1+random.IntN(8), random.IntN(40))
	}
	return parse(t, `quiet_hours: {from: "22:00", to: "08:00"}
caps: [{name: all, scope: all, max: 5, per: 24h}, {name: coupons, scope: {kind: k1}, max: 1, per: week}]
holdout: {share: 0.05, salt: s}
fatigue: {declines: 2, silence: 30d}`, actions.String(), plays...)
}

// customers are varied: a benchmark that repeats one is learnt by heart.
func customers(book *playbook.Playbook, n int) []*Input {
	random := rand.New(rand.NewPCG(5, 6))
	out := make([]*Input, n)
	for i := range out {
		in := asked(book)
		in.Facts.Customer.ID = fmt.Sprint("c", i)
		for j := range in.Facts.Vector {
			in.Facts.Vector[j] = float32(random.IntN(6))
		}
		in.Facts.Predictions = []float32{random.Float32(), random.Float32(), random.Float32()}
		for range random.IntN(6) {
			a := random.IntN(40)
			in.Contacts = append(in.Contacts, contact(fmt.Sprint("a", a), fmt.Sprint("k", a%12), "web", time.Duration(random.IntN(200))*time.Hour))
		}
		out[i] = in
	}
	return out
}

func BenchmarkDecide200Plays(b *testing.B) {
	in := customers(crowd(b, 200), 1024)
	var d Decider
	issued := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		issued += len(d.Decide(in[i&1023]).Actions)
	}
	b.ReportMetric(float64(issued)/float64(b.N), "issued/op")
}

func TestAllocDeciding(t *testing.T) {
	in := customers(crowd(t, 200), 64)
	var d Decider
	for _, one := range in {
		d.Decide(one)
	}
	i := 0
	if got := testing.AllocsPerRun(1000, func() { d.Decide(in[i%64]); i++ }); got > 4 {
		t.Errorf("a decision over 200 plays takes %v allocations, at most 4 are accepted", got)
	}
}
