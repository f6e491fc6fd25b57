package ledger

import (
	"math"

	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/trial"
)

// Experiment is a choice that chance makes: between the variants of an action, or between actions.
type Experiment struct {
	Choice   string `json:"choice"` // action:NAME or experiment:NAME
	Mode     string `json:"mode"`
	Promoted bool   `json:"promoted"`
	Arms     []Arm  `json:"arms"`
	// SampleRatio is the probability that the arms were drawn so unlike their propensities by chance. It is nil where that cannot be
	// told: too little was drawn, or propensities changed while there were more than two arms.
	SampleRatio *float64 `json:"sample_ratio_p"`
	Suspicious  bool     `json:"suspicious"`
}

// Arm is one of an Experiment's.
type Arm struct {
	Arm        string   `json:"arm"`
	Drawn      uint64   `json:"drawn"`    // those held back among them
	Expected   *float64 `json:"expected"` // by the propensities at the time
	Trials     uint64   `json:"trials"`   // issued, in all segments, since the journal's beginning
	Rewards    uint64   `json:"rewards"`
	Best       *float64 `json:"best"`       // the probability that it is the best, over all segments
	Propensity *float64 `json:"propensity"` // of somebody of a new segment
}

// leastExpected is how often each arm should have been drawn for the sample ratio to be tested.
const leastExpected = 5

func experiment(c *decide.Choice, table *bandit.Table, counted map[armCell]*drawn) Experiment {
	e := Experiment{Choice: c.Name, Mode: string(c.Policy.Mode), Arms: make([]Arm, len(c.Arms))}
	draws, found := make([]drawn, len(c.Arms)), 0
	for i, name := range c.Arms {
		e.Arms[i].Arm = name
		if d := counted[armCell{Choice: c.Name, Arm: name}]; d != nil {
			draws[i] = *d
			found++
		}
		e.Arms[i].Drawn = draws[i].Times
	}
	e.stand(table)
	for at := range counted {
		if at.Choice == c.Name {
			found--
		}
	}
	expected := expect(draws)
	if expected == nil || found < 0 { // arms that are no more had a part of the chances
		return e
	}
	var observed []uint64
	var shares []float64
	for i := range e.Arms {
		e.Arms[i].Expected = &expected[i]
		if expected[i] >= leastExpected {
			observed, shares = append(observed, draws[i].Times), append(shares, expected[i])
		}
	}
	if len(shares) < len(draws) {
		return e
	}
	if p, err := trial.SampleRatio(observed, shares); err == nil {
		e.SampleRatio, e.Suspicious = &p, p < trial.Suspicious
	}
	return e
}

// stand says how the arms stand by a table.
func (e *Experiment) stand(table *bandit.Table) {
	if row := table.Row(e.Choice, ""); row != nil && len(row.Arms) == len(e.Arms) {
		e.Promoted = row.Promoted
		for i := range row.Arms {
			e.Arms[i].Best, e.Arms[i].Propensity = &row.Arms[i].Best, &row.Arms[i].Propensity
		}
	}
	for _, row := range table.Segments(e.Choice) {
		for i := range min(len(row.Arms), len(e.Arms)) {
			e.Arms[i].Trials += row.Arms[i].Trials
			e.Arms[i].Rewards += row.Arms[i].Rewards
		}
	}
}

// expect is how often each arm should have been drawn: the sum of its propensities over all draws, of which the journal has only those
// of the arm that was drawn. Of two arms that is enough, because the other one has the rest; of more when all were drawn alike. Else it
// is nil.
func expect(draws []drawn) []float64 {
	var total float64
	for _, d := range draws {
		total += float64(d.Times)
	}
	out := make([]float64, len(draws))
	if len(draws) == 2 {
		a, b := &draws[0], &draws[1]
		out[0] = a.chance() + float64(b.Times) - b.chance()
		out[1] = b.chance() + float64(a.Times) - a.chance()
		return out
	}
	for i, d := range draws {
		if math.Abs(d.chance()*float64(len(draws))-float64(d.Times)) > 1e-6*max(1, float64(d.Times)) {
			return nil
		}
		out[i] = total / float64(len(draws))
	}
	return out
}

func (d *drawn) chance() float64 { return float64(d.Chances) / billion }
