package offpolicy

import "github.com/cespare/xxhash/v2"

// Means is a plain model of rewards for DR: the mean reward of each key, such as an arm in a segment. It is cross-fitted: what it
// expects for a unit was learnt from the other half of the units, so that no sample explains itself (Chernozhukov et al. 2018,
// "Double/debiased machine learning", Econometrics Journal 21). The zero value is ready.
type Means struct {
	halves [2]half
}

type half struct {
	all  mean
	keys map[string]mean
}

type mean struct{ n, sum float64 }

func (m mean) with(reward float64) mean { return mean{m.n + 1, m.sum + reward} }

// borrowed is how many samples of the overall mean are mixed into that of a key.
const borrowed = 10

func side(unit string) int { return int(xxhash.Sum64String(unit) & 1) }

// Add takes in a reward.
func (m *Means) Add(unit, key string, reward float64) {
	h := &m.halves[side(unit)]
	if h.keys == nil {
		h.keys = map[string]mean{}
	}
	h.all = h.all.with(reward)
	h.keys[key] = h.keys[key].with(reward)
}

// Expect returns the reward expected of a key for a unit; 0 when the other units had none at all.
func (m *Means) Expect(unit, key string) float64 {
	h := m.halves[1-side(unit)]
	if h.all.n == 0 {
		return 0
	}
	k := h.keys[key]
	return (k.sum + borrowed*h.all.sum/h.all.n) / (k.n + borrowed)
}
