package bandit

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

const week = 7 * 24 * time.Hour

func text(mode Mode) Choice {
	c := Choice{Name: "text", Arms: []string{"plain", "warm"}, Policy: Policy{Mode: mode, Floor: 0.05, PromoteAt: 1}}
	if mode == Frozen {
		c.Policy.Since = start.Add(time.Hour)
	}
	return c
}

func learner(t testing.TB, choices ...Choice) *Learner {
	t.Helper()
	l := New()
	require.NoError(t, l.Define(choices))
	return l
}

func issued(id, segment, arm string, at time.Time) Issue {
	return Issue{Choice: "text", ID: id, Segment: segment, Arm: arm, At: at, Within: week}
}

func rewarded(id string, at time.Time) Reward { return Reward{Choice: "text", ID: id, At: at} }

func TestLearnsWhatPays(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	rates := map[string]float64{"plain": 0.03, "warm": 0.06}
	l := learner(t, text(Bandit))
	var warm int
	for n := range 20_000 {
		if n%200 == 0 {
			l.Publish()
		}
		id := strconv.Itoa(n)
		r := l.Table().Row("text", "")
		arm, _ := r.Draw(Seed(id, "text"), All)
		name := r.Arms[arm].Name
		l.Issue(issued(id, "", name, start))
		if random.Float64() < rates[name] {
			l.Reward(rewarded(id, start.Add(time.Hour)))
		}
		if name == "warm" && n >= 10_000 {
			warm++
		}
	}
	assert.Greater(t, warm, 9_000, "of the second 10,000")
	r := l.Publish().Row("text", "")
	assert.Greater(t, r.Arms[1].Best, 0.99)
	assert.EqualValues(t, 20_000, r.Arms[0].Trials+r.Arms[1].Trials)
}

func TestRewardsCountWithinTheirWindowAndOnce(t *testing.T) {
	for name, c := range map[string]struct {
		at   []time.Duration // of rewards, after the issue
		want uint64
	}{
		"at once":               {[]time.Duration{0}, 1},
		"at the last moment":    {[]time.Duration{week}, 1},
		"too late":              {[]time.Duration{week + time.Second}, 0},
		"twice":                 {[]time.Duration{time.Minute, time.Hour}, 1},
		"late, then heard of":   {[]time.Duration{2 * week, time.Minute}, 1},
		"by a clock that lags":  {[]time.Duration{-time.Second}, 1},
		"the same one repeated": {[]time.Duration{time.Hour, time.Hour, time.Hour}, 1},
	} {
		l := learner(t, text(Bandit))
		l.Issue(issued("a", "", "warm", start))
		for _, after := range c.at {
			l.Reward(rewarded("a", start.Add(after)))
		}
		l.Reward(Reward{Choice: "another choice", ID: "a", At: start})
		arm := l.Publish().Row("text", "").Arms[1]
		assert.EqualValues(t, 1, arm.Trials, name)
		assert.Equal(t, c.want, arm.Rewards, name)
	}
}

// TestOrderAndRepetitionDoNotMatter folds the same events in two ways, with the choice defined before, between or after them.
func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []any
		for n := range rapid.IntRange(1, 12).Draw(t, "issues") {
			at := start.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "at")) * time.Minute)
			id := strconv.Itoa(n)
			events = append(events, issued(id, rapid.SampledFrom([]string{"", "new", "old"}).Draw(t, "segment"),
				rapid.SampledFrom([]string{"plain", "warm", "gone"}).Draw(t, "arm"), at))
			for range rapid.IntRange(0, 2).Draw(t, "rewards") {
				events = append(events, rewarded(id, at.Add(time.Duration(rapid.IntRange(-1, 8*24).Draw(t, "after"))*time.Hour)))
			}
		}
		choice := text(rapid.SampledFrom([]Mode{Bandit, Frozen}).Draw(t, "mode"))
		fold := func(events []any, define int) *Learner {
			l := New()
			for i, e := range events {
				if i == define {
					assert.NoError(t, l.Define([]Choice{choice}))
				}
				switch e := e.(type) {
				case Issue:
					l.Issue(e)
				case Reward:
					l.Reward(e)
				}
			}
			assert.NoError(t, l.Define([]Choice{choice}))
			return l
		}
		want := fold(events, 0)
		repeated := append(events, rapid.SliceOf(rapid.SampledFrom(events)).Draw(t, "repeated")...)
		got := fold(rapid.Permutation(repeated).Draw(t, "order"), rapid.IntRange(0, len(repeated)).Draw(t, "define"))
		require.Equal(t, want.Snapshot(), got.Snapshot())
		for _, segment := range []string{"", "new", "old", "never seen"} {
			assert.Equal(t, want.Publish().Row("text", segment), got.Publish().Row("text", segment))
		}
	})
}

func TestFrozenLearnsNothingMore(t *testing.T) {
	l := learner(t, text(Frozen))
	for n := range 100 {
		id := strconv.Itoa(n)
		l.Issue(issued(id, "", []string{"plain", "warm"}[n%2], start))
		if n%2 == 1 {
			l.Reward(rewarded(id, start.Add(time.Minute)))
		}
	}
	before := l.Publish().Row("text", "")
	assert.Greater(t, before.Arms[1].Propensity, 0.9)
	for n := range 1000 {
		id := "later" + strconv.Itoa(n)
		l.Issue(issued(id, "", "plain", start.Add(2*time.Hour)))
		l.Reward(rewarded(id, start.Add(3*time.Hour)))
	}
	after := l.Publish().Row("text", "")
	assert.Equal(t, before.Arms[1], after.Arms[1])
	assert.Equal(t, before.Arms[0].Propensity, after.Arms[0].Propensity)
	assert.EqualValues(t, 1000, after.Arms[0].Rewards, "counted all the same")

	require.NoError(t, l.Define([]Choice{text(Bandit)}))
	assert.Greater(t, l.Publish().Row("text", "").Arms[0].Propensity, before.Arms[0].Propensity, "and learnt from once it thaws")
}

func TestSegmentsBorrowFromEachOther(t *testing.T) {
	l := learner(t, text(Bandit))
	for n := range 10_000 {
		id := strconv.Itoa(n)
		l.Issue(issued(id, "old", "warm", start))
		if n%20 == 0 {
			l.Reward(rewarded(id, start))
		}
	}
	l.Issue(issued("first", "new", "warm", start))
	table := l.Publish()
	assert.Equal(t, Posterior{501, 9502}, table.Row("text", "old").Arms[1].Posterior, "hears of one trial elsewhere")
	assert.Equal(t, Posterior{6, 97}, table.Row("text", "new").Arms[1].Posterior, "1 + 5 of the 100 that were borrowed, and its own failure")
	assert.Equal(t, Posterior{6, 96}, table.Row("text", "never seen").Arms[1].Posterior)
	assert.Equal(t, Posterior{1, 1}, table.Row("text", "new").Arms[0].Posterior, "nobody knows of the other arm")
	assert.Len(t, table.Segments("text"), 2)
	assert.Nil(t, table.Row("another choice", ""))
}

func TestSegmentsAreBounded(t *testing.T) {
	l := learner(t, text(Equal))
	for n := range 3 * MaxSegments {
		id := strconv.Itoa(n)
		l.Issue(issued(id, "customer "+id, "warm", start))
	}
	table := l.Publish()
	assert.Len(t, table.Segments("text"), MaxSegments+1)
	assert.EqualValues(t, 2*MaxSegments, table.Row("text", "").Arms[1].Trials, "the rest count together")
}

func TestForgetKeepsCountsAndClosesWindows(t *testing.T) {
	l := learner(t, text(Bandit))
	l.Issue(issued("a", "", "warm", start))
	l.Issue(issued("b", "", "warm", start.Add(week)))
	l.Reward(rewarded("never issued", start))
	l.Forget(start.Add(week + time.Hour))
	for _, id := range []string{"a", "b"} {
		l.Issue(issued(id, "", "warm", start))
		l.Reward(rewarded(id, start.Add(week)))
	}
	arm := l.Publish().Row("text", "").Arms[1]
	assert.EqualValues(t, 2, arm.Trials, "a repeated issue is not taken for a new one")
	assert.EqualValues(t, 1, arm.Rewards, "only the one whose window was open")
	assert.Len(t, l.Snapshot().Open, 1)
}

func TestPublishLeavesOldTablesAlone(t *testing.T) {
	other := Choice{Name: "picture", Arms: []string{"cat", "dog"}, Policy: Policy{Mode: Bandit, PromoteAt: 1}}
	l := learner(t, text(Bandit), other)
	before := l.Publish()
	row, untouched := *before.Row("text", ""), before.Row("picture", "")
	l.Issue(issued("a", "", "warm", start))
	after := l.Publish()
	assert.Equal(t, row, *before.Row("text", ""))
	assert.Same(t, untouched, after.Row("picture", ""), "what did not change is not worked out again")
	assert.NotEqual(t, row.Version, after.Row("text", "").Version)
	require.NoError(t, l.Define([]Choice{other}))
	assert.Nil(t, l.Publish().Row("text", ""))
	require.NoError(t, l.Define([]Choice{text(Bandit)}))
	assert.EqualValues(t, 1, l.Publish().Row("text", "").Arms[1].Trials, "what was learnt comes back with the choice")
}

func TestDrawsGoOnWhileLearning(t *testing.T) {
	l := learner(t, text(Bandit))
	l.Publish()
	var drawing sync.WaitGroup
	for range 4 {
		drawing.Go(func() {
			for n := range 20_000 {
				_, p := l.Table().Row("text", "").Draw(uint64(n), All)
				assert.Greater(t, p, 0.0)
			}
		})
	}
	for n := range 200 {
		l.Issue(issued(strconv.Itoa(n), "", "warm", start))
		l.Publish()
	}
	drawing.Wait()
}

func TestDefineNamesWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*Choice){
		"mode":                 func(c *Choice) { c.Policy.Mode = "best" },
		"1 to 64 arms":         func(c *Choice) { c.Arms = nil },
		`"plain" is listed`:    func(c *Choice) { c.Arms = []string{"plain", "plain"} },
		"floor: 0 to one over": func(c *Choice) { c.Policy.Floor = 0.6 },
		"promote_at":           func(c *Choice) { c.Policy.PromoteAt = 1.5 },
		"since":                func(c *Choice) { c.Policy = Policy{Mode: Frozen, PromoteAt: 1} },
	} {
		c := text(Bandit)
		change(&c)
		assert.ErrorContains(t, New().Define([]Choice{c}), want)
	}
	assert.ErrorContains(t, New().Define([]Choice{text(Bandit), text(Equal)}), "defined twice")
}

func BenchmarkFold(b *testing.B) {
	l := learner(b, text(Bandit))
	ids := make([]string, b.N)
	for n := range ids {
		ids[n] = fmt.Sprintf("act_%020d", n)
	}
	b.ResetTimer()
	b.ReportAllocs()
	for _, id := range ids {
		l.Issue(issued(id, "new", "warm", start))
		l.Reward(rewarded(id, start))
	}
}

// BenchmarkPublish is what a server spends a second on choices of which all learnt something since the last.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []struct{ choices, segments int }{{1, 1}, {20, 1}, {20, 10}} {
		b.Run(fmt.Sprintf("%d choices of 4 arms in %d segments", size.choices, size.segments), func(b *testing.B) {
			var choices []Choice
			for n := range size.choices {
				choices = append(choices, Choice{Name: strconv.Itoa(n), Arms: []string{"a", "b", "c", "d"}, Policy: text(Bandit).Policy})
			}
			l := learner(b, choices...)
			random := rand.New(rand.NewPCG(5, 6))
			var id int
			fold := func(events int) {
				for range events {
					id++
					choice, name := strconv.Itoa(random.IntN(size.choices)), strconv.Itoa(id)
					l.Issue(Issue{choice, name, strconv.Itoa(random.IntN(size.segments)), choices[0].Arms[random.IntN(4)], start, week})
					if random.Float64() < 0.05 {
						l.Reward(Reward{choice, name, start})
					}
				}
			}
			fold(10_000 * size.choices)
			l.Publish()
			for b.Loop() {
				b.StopTimer()
				fold(10 * size.choices * size.segments)
				b.StartTimer()
				l.Publish()
			}
		})
	}
}
