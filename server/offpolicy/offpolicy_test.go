package offpolicy_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/halfstep-ml/halfstep/server/offpolicy"
	"github.com/halfstep-ml/halfstep/server/trial"
)

// world is where the truth is known: which of three arms pays depends on which of three kinds of customers one is.
var world = struct{ rate, logged, target [3][3]float64 }{
	rate:   [3][3]float64{{0.10, 0.25, 0.15}, {0.30, 0.10, 0.20}, {0.15, 0.20, 0.40}},
	logged: [3][3]float64{{0.6, 0.2, 0.2}, {0.2, 0.5, 0.3}, {0.4, 0.4, 0.2}},
	target: [3][3]float64{{0.1, 0.7, 0.2}, {0.6, 0.1, 0.3}, {0.1, 0.2, 0.7}},
}

func worth(policy [3][3]float64) (sum float64) {
	for kind, arms := range policy {
		for arm, p := range arms {
			sum += p * world.rate[kind][arm] / 3
		}
	}
	return sum
}

// model expects of each kind and arm: the truth, or nonsense.
type model func(kind, arm int) float64

func right(kind, arm int) float64 { return world.rate[kind][arm] }
func wrong(kind, arm int) float64 { return 0.5 - 0.1*float64(arm) - 0.05*float64(kind) }

// log is an evaluation of the target policy over what the logged one did for some units, a number of times each.
func log(t testing.TB, units, times int, seed uint64, m model) *offpolicy.Evaluation {
	random := rand.New(rand.NewPCG(seed, 1))
	e := offpolicy.New(seed)
	for unit := range units {
		kind := random.IntN(3)
		var arm int
		for at := random.Float64() - world.logged[kind][0]; at >= 0 && arm < 2; at -= world.logged[kind][arm] {
			arm++
		}
		s := offpolicy.Sample{Unit: strconv.Itoa(unit), Logged: world.logged[kind][arm], Target: world.target[kind][arm]}
		if random.Float64() < world.rate[kind][arm] {
			s.Reward = 1
		}
		if m != nil {
			s.Expected = m(kind, arm)
			for arm, p := range world.target[kind] {
				s.Direct += p * m(kind, arm)
			}
		}
		for range times {
			require.NoError(t, e.Add(s))
		}
	}
	return e
}

func TestIntervalsCoverTheTruth(t *testing.T) {
	const rounds = 400
	truth, gain := worth(world.target), worth(world.target)-worth(world.logged)
	var covered [6]float64
	for n := range rounds {
		m := model(right)
		if n%2 == 0 {
			m = wrong
		}
		r := log(t, 600, 1, uint64(n), m).Report()
		for i, e := range []trial.Estimate{r.IPS, r.SNIPS, r.DR, r.Logged, r.GainSNIPS, r.GainDR} {
			want := []float64{truth, truth, truth, worth(world.logged), gain, gain}[i]
			if e.Low <= want && want <= e.High {
				covered[i]++
			}
		}
	}
	for i, name := range []string{"IPS", "SNIPS", "DR", "logged", "gain by SNIPS", "gain by DR"} {
		assert.InDelta(t, 0.95, covered[i]/rounds, 0.03, name)
		t.Logf("%s covers %.3f", name, covered[i]/rounds)
	}
}

func TestDoublyRobustSurvivesAWrongModel(t *testing.T) {
	const rounds = 40
	truth := worth(world.target)
	var direct, robust, spread, plain float64
	for n := range rounds {
		r := log(t, 2000, 1, uint64(n), wrong).Report()
		direct += (r.Direct.Value - truth) / rounds
		robust += (r.DR.Value - truth) / rounds
		r = log(t, 2000, 1, uint64(n), right).Report()
		spread += (r.DR.High - r.DR.Low) / rounds
		plain += (r.IPS.High - r.IPS.Low) / rounds
	}
	t.Logf("bias of the direct method %.4f, of the doubly robust one %.4f", direct, robust)
	t.Logf("width with a right model %.4f, of IPS %.4f", spread, plain)
	assert.Greater(t, math.Abs(direct), 0.05)
	assert.Less(t, math.Abs(robust), 0.005)
	assert.Less(t, spread, plain, "a right model makes the interval narrower")
}

func TestRepeatedDecisionsForOneUnitTellNoMore(t *testing.T) {
	once, often := log(t, 1000, 1, 5, right).Report(), log(t, 1000, 9, 5, right).Report()
	assert.Equal(t, 9*once.Samples, often.Samples)
	assert.InDelta(t, once.DR.High-once.DR.Low, often.DR.High-often.DR.Low, 1e-9)
}

func TestReportsAreReproducible(t *testing.T) {
	e := log(t, 300, 1, 6, right)
	assert.Equal(t, e.Report(), e.Report())
	assert.Equal(t, e.Report(), log(t, 300, 1, 6, right).Report())
}

func TestVerdicts(t *testing.T) {
	demands := offpolicy.DefaultDemands()
	evaluate := func(n int, sample func(i int) offpolicy.Sample) offpolicy.Report {
		e := offpolicy.New(1)
		for i := range n {
			s := sample(i)
			s.Unit = strconv.Itoa(i)
			require.NoError(t, e.Add(s))
		}
		return e.Report()
	}
	// Two arms, tried alike; the first pays half the time, the second one time in ten.
	arms := func(first float64) func(i int) offpolicy.Sample {
		return func(i int) offpolicy.Sample {
			s := offpolicy.Sample{Logged: 0.5, Target: first}
			pays := i%4 == 0
			if i%2 == 1 {
				s.Target, pays = 1-first, i%20 == 1
			}
			if pays {
				s.Reward = 1
			}
			return s
		}
	}
	for name, c := range map[string]struct {
		report  offpolicy.Report
		alike   float64
		verdict offpolicy.Verdict
		doubt   offpolicy.Doubt
	}{
		"better":              {evaluate(2000, arms(0.9)), 0, offpolicy.Better, offpolicy.None},
		"worse":               {evaluate(2000, arms(0.1)), 0, offpolicy.Worse, offpolicy.None},
		"the same":            {evaluate(2000, arms(0.5)), 0, offpolicy.Alike, offpolicy.None},
		"too small to matter": {evaluate(20000, arms(0.51)), 0.02, offpolicy.Alike, offpolicy.None},
		"arms that pay about alike": {evaluate(400, func(i int) offpolicy.Sample {
			s := offpolicy.Sample{Logged: 0.5, Target: 0.2 + 0.6*float64(i%2)}
			if i%7 < 2 {
				s.Reward = 1
			}
			return s
		}), 0.01, offpolicy.CannotTell, offpolicy.Uncertain},
		"nothing":     {evaluate(0, nil), 0, offpolicy.CannotTell, offpolicy.FewSamples},
		"few samples": {evaluate(60, arms(0.9)), 0, offpolicy.CannotTell, offpolicy.FewSamples},
		"never a reward": {evaluate(2000, func(int) offpolicy.Sample { return offpolicy.Sample{Logged: 0.5, Target: 0.5} }), 0,
			offpolicy.CannotTell, offpolicy.FewRewards},
		"one sample that outweighs all": {evaluate(2000, func(i int) offpolicy.Sample {
			if i == 0 {
				return offpolicy.Sample{Reward: 1, Logged: 1e-6, Target: 1}
			}
			return offpolicy.Sample{Reward: 1, Logged: 0.5, Target: 0.5}
		}), 0, offpolicy.CannotTell, offpolicy.FewSamples},
		"half of what it would do was never done": {evaluate(2000, func(i int) offpolicy.Sample {
			return offpolicy.Sample{Reward: float64(i % 2), Logged: 1, Target: 0.5}
		}), 0, offpolicy.CannotTell, offpolicy.Uncovered},
	} {
		demands.Alike = c.alike
		verdict, doubt := c.report.Verdict(demands)
		assert.Equal(t, c.verdict, verdict, "%s: %+v", name, c.report)
		assert.Equal(t, c.doubt, doubt, name)
	}
}

func TestSamplesThatCannotBe(t *testing.T) {
	right := offpolicy.Sample{Unit: "u", Reward: 1, Logged: 0.5, Target: 0.5}
	for want, change := range map[string]func(*offpolicy.Sample){
		"reward: a finite":                     func(s *offpolicy.Sample) { s.Reward = math.NaN() },
		"logged propensity: above 0":           func(s *offpolicy.Sample) { s.Logged = 0 },
		"target probability: 0 to 1":           func(s *offpolicy.Sample) { s.Target = 1.01 },
		"expected reward: a finite":            func(s *offpolicy.Sample) { s.Expected = math.Inf(1) },
		`sample of "u": direct reward: a fini`: func(s *offpolicy.Sample) { s.Direct = math.NaN() },
	} {
		e, s := offpolicy.New(1), right
		change(&s)
		assert.ErrorContains(t, e.Add(s), want)
		assert.Zero(t, e.Report().Samples)
	}
}

func TestEstimatesLieInTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := offpolicy.New(1)
		for range rapid.IntRange(1, 30).Draw(t, "samples") {
			assert.NoError(t, e.Add(offpolicy.Sample{
				Unit:   strconv.Itoa(rapid.IntRange(0, 10).Draw(t, "unit")),
				Reward: rapid.Float64Range(0, 1).Draw(t, "reward"),
				Logged: rapid.Float64Range(0.01, 1).Draw(t, "logged"),
				Target: rapid.Float64Range(0.01, 1).Draw(t, "target"),
			}))
		}
		r := e.Report()
		assert.True(t, r.Effective >= 1-1e-9 && r.Effective <= float64(r.Samples)+1e-9, "effective %v", r.Effective)
		assert.True(t, -1e-12 <= r.SNIPS.Low && r.SNIPS.Low <= r.SNIPS.High && r.SNIPS.High <= 1+1e-12, "%v", r.SNIPS)
		assert.InDelta(t, r.IPS.Value, r.DR.Value, 1e-9, "without a model")
	})
}

func TestMeansLearnFromOtherUnits(t *testing.T) {
	var m offpolicy.Means
	assert.Zero(t, m.Expect("u", "warm"))
	for n := range 4000 {
		unit := strconv.Itoa(n)
		m.Add(unit, "warm", 1)
		m.Add(unit, "plain", 0)
	}
	assert.InDelta(t, 1, m.Expect("0", "warm"), 0.01)
	assert.InDelta(t, 0, m.Expect("0", "plain"), 0.01)
	assert.InDelta(t, 0.5, m.Expect("0", "never tried"), 1e-9)
	before := m.Expect("0", "rare")
	m.Add("0", "rare", 1000)
	assert.Equal(t, before, m.Expect("0", "rare"), "no sample explains itself")
}

func BenchmarkReport(b *testing.B) {
	e := log(b, 100_000, 1, 1, right)
	for b.Loop() {
		e.Report()
	}
}

func BenchmarkAdd(b *testing.B) {
	e := offpolicy.New(1)
	b.ReportAllocs()
	for b.Loop() {
		_ = e.Add(offpolicy.Sample{Unit: "customer-4711", Reward: 1, Logged: 0.5, Target: 0.2})
	}
}
