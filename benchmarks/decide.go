package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/benchmarks/report"
	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

const (
	decidedPlays     = 200
	decidedActions   = 40
	decidedCustomers = 4_096
	decisions        = 100_000 // a pass
	decisionPasses   = 9
)

// decide measures deciding by 200 plays, beside something that takes the same time on every run: SHA-256 of 64 KB.
func (b *bench) decide(context.Context) ([]report.Row, error) {
	in, err := b.crowd()
	if err != nil {
		return nil, err
	}
	issued, err := checkDecisions(in)
	if err != nil {
		return nil, err
	}
	defer oneCore()()
	var micros, allocs, yardstick []float64
	for range decisionPasses {
		w := decideAll(in)
		micros = append(micros, w.total.Seconds()*1e6/decisions)
		allocs = append(allocs, float64(w.allocs)/decisions)
		yardstick = append(yardstick, hashing())
	}
	return []report.Row{{
		Name: "decide_200", What: fmt.Sprintf("decide by %d plays", decidedPlays), Unit: "us", Measured: median(micros), Must: 15, Aim: 6,
		More: []report.Row{{Name: "decide_200_allocations", What: "allocations", Measured: float64(int(median(allocs) + 0.5)), Must: 4, Aim: 0}},
		Details: map[string]float64{
			"fastest_us": slices.Min(micros), "slowest_us": slices.Max(micros), "issued_a_decision": issued, "sha256_of_64_kb_us": median(yardstick),
		},
	}}, nil
}

func decideAll(in []*decide.Input) (w stopwatch) {
	var d decide.Decider
	for _, one := range in {
		d.Decide(one) // its memory grows to what it needs
	}
	w.start()
	for i := range decisions {
		d.Decide(in[i%len(in)])
	}
	w.stop()
	return w
}

// hashing is how many microseconds SHA-256 of 64 KB takes.
func hashing() float64 {
	const times = 200
	data := make([]byte, 64<<10)
	var w stopwatch
	w.start()
	for range times {
		sum := sha256.Sum256(data)
		copy(data, sum[:])
	}
	w.stop()
	return w.total.Seconds() * 1e6 / times
}

// checkDecisions holds decisions in memory that was used before to those in fresh memory, and returns how many actions are issued on
// average.
func checkDecisions(in []*decide.Input) (issued float64, err error) {
	var used decide.Decider
	for i, one := range in {
		got := fmt.Sprint(outcome(used.Decide(one)))
		fresh := new(decide.Decider).Decide(one)
		if want := fmt.Sprint(outcome(fresh)); got != want {
			return 0, fmt.Errorf("decision %d is %s, expected %s", i, got, want)
		}
		issued += float64(len(fresh.Actions)) / float64(len(in))
	}
	if issued < 1 {
		return 0, fmt.Errorf("%.2f actions are issued a decision, expected more", issued)
	}
	return issued, nil
}

// outcome is what was issued and what was not, and why.
func outcome(d *decide.Decision) (names []string) {
	for i := range d.Actions {
		names = append(names, d.Actions[i].Name)
	}
	for i := range d.Withheld {
		names = append(names, d.Withheld[i].Name+" "+string(d.Withheld[i].Why))
	}
	return names
}

// crowd is customers who ask, no two alike, and a playbook of plays, no two alike.
func (b *bench) crowd() ([]*decide.Input, error) {
	book, err := playbook.Parse([]byte(crowdedPlaybook(b.set)), playbook.Vocabulary{Features: b.set, Tasks: playbook.StandardTasks()})
	if err != nil {
		return nil, fmt.Errorf("parse the playbook: %w", err)
	}
	random, now := rand.New(rand.NewPCG(5, 6)), time.Now()
	in := make([]*decide.Input, decidedCustomers)
	for i := range in {
		facts := &playbook.Facts{Vector: make([]float32, b.set.Len()), Channel: "web", Customer: playbook.Customer{ID: fmt.Sprint("c", i)}}
		for k := range facts.Vector {
			facts.Vector[k] = float32(random.IntN(6))
		}
		facts.Predictions = []float32{random.Float32(), random.Float32(), random.Float32()}
		in[i] = &decide.Input{Playbook: book, Facts: facts, Now: now.UnixMilli(), Asked: true, Max: 3, Decision: "0000-D", Contacts: contacts(random, now)}
	}
	return in, nil
}

// contacts are up to five of the last days, the oldest first.
func contacts(random *rand.Rand, now time.Time) []features.Contact {
	out := make([]features.Contact, random.IntN(6))
	for i := range out {
		a := random.IntN(decidedActions)
		out[i] = features.Contact{
			ID: fmt.Sprint("0000-", i, ".1"), Action: fmt.Sprint("a", a), Kind: fmt.Sprint("k", a%12), Channel: "web", Play: "p0",
			At: now.Add(-time.Duration(random.IntN(200)) * time.Hour).UnixMilli(),
		}
	}
	slices.SortFunc(out, func(a, b features.Contact) int { return int(a.At - b.At) })
	return out
}

func crowdedPlaybook(set *features.FeatureSet) string {
	random, columns := rand.New(rand.NewPCG(3, 4)), set.Features()
	var text strings.Builder
	text.WriteString(`version: 1
timezone: Asia/Shanghai
quiet_hours: {from: "22:00", to: "08:00"}
caps: [{name: all, scope: all, max: 5, per: 24h}, {name: coupons, scope: {kind: k1}, max: 1, per: week}]
holdout: {share: 0.05, salt: s}
fatigue: {declines: 2, silence: 30d}
actions:
`)
	for i := range decidedActions {
		fmt.Fprintf(&text, "  a%d: {kind: k%d, channels: [web, sms], value: %d, cost: 1, cooldown: 1d}\n", i, i%12, 1+random.IntN(20))
	}
	text.WriteString("plays:\n")
	column := func() string { return columns[random.IntN(len(columns))].Name }
	for i := range decidedPlays {
		fmt.Fprintf(&text, "  - {name: p%d, ask: true, when: 'features.%s >= %d && features.%s < %d && predictions.churn > 0.%d', propose: [a%d]}\n",
			i, column(), random.IntN(3), column(), 2+random.IntN(10), 1+random.IntN(8), random.IntN(decidedActions))
	}
	return text.String()
}
