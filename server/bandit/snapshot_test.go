package bandit

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func learnt(t testing.TB, mode Mode) *Learner {
	l := learner(t, text(mode))
	for n := range 40 {
		id := strconv.Itoa(n)
		l.Issue(issued(id, strconv.Itoa(n%3), []string{"plain", "warm"}[n%2], start.Add(time.Duration(n)*time.Hour)))
		if n%5 == 0 {
			l.Reward(rewarded(id, start.Add(week)))
		}
	}
	l.Reward(rewarded("early", start.Add(week)))
	l.Forget(start.Add(week + 4*time.Hour))
	return l
}

func TestSnapshotsCarryOn(t *testing.T) {
	for _, mode := range []Mode{Bandit, Frozen} {
		l := learnt(t, mode)
		encoded, err := json.Marshal(l.Snapshot())
		require.NoError(t, err)
		var s Snapshot
		require.NoError(t, json.Unmarshal(encoded, &s))
		restored, err := Restore(s)
		require.NoError(t, err)
		require.NoError(t, restored.Define([]Choice{text(mode)}))
		for _, l := range []*Learner{l, restored} {
			l.Issue(issued("early", "2", "warm", start.Add(week)))
			l.Reward(rewarded("39", start.Add(week)))
			l.Issue(issued("39", "0", "plain", start.Add(week)))
		}
		assert.Equal(t, l.Snapshot(), restored.Snapshot())
		assert.Equal(t, l.Publish().Segments("text"), restored.Publish().Segments("text"))
	}
}

func FuzzRestore(f *testing.F) {
	for _, mode := range []Mode{Bandit, Frozen} {
		encoded, err := json.Marshal(learnt(f, mode).Snapshot())
		require.NoError(f, err)
		f.Add(encoded)
	}
	f.Add([]byte(`{"tallies":[{"choice":"text","arm":"warm","trials":1,"rewards":2}]}`))
	f.Add([]byte(`{"tallies":[{"choice":"text","arm":"warm"}],"open":[{"key":1,"tally":0,"at":1,"until":2}]}`))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var s Snapshot
		if json.Unmarshal(encoded, &s) != nil {
			return
		}
		l, err := Restore(s)
		if err != nil {
			return
		}
		require.NoError(t, l.Define([]Choice{text(Bandit)}))
		l.Reward(rewarded("39", start))
		for segment, row := range l.Publish().Segments("text") {
			var total float64
			for _, a := range row.Arms {
				assert.LessOrEqual(t, a.Rewards, a.Trials, segment)
				total += a.Propensity
			}
			assert.InDelta(t, 1, total, 1e-9, segment)
		}
	})
}
