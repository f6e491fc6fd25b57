package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/offpolicy"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/trial"
)

// Estimate is what a policy would have earned by the outcomes that were recorded: a reward is the outcome that an action learns from, one
// for each action that was sent to a customer. It speaks of the moments at which something was sent, and of those alone.
type Estimate struct {
	Verdict   offpolicy.Verdict `json:"verdict"` // against what was logged
	Why       string            `json:"why,omitempty"`
	Decisions int               `json:"decisions"` // that sent anything
	Samples   int               `json:"samples"`   // actions sent
	Unread    int               `json:"unread"`    // decisions that cannot be made again
	Effective float64           `json:"effective_samples"`
	Rewarded  float64           `json:"effective_rewards"`
	Logged    *Interval         `json:"reward_logged,omitempty"`
	SNIPS     *Interval         `json:"reward_snips,omitempty"`
	DR        *Interval         `json:"reward_dr,omitempty"`
	GainSNIPS *Interval         `json:"gain_snips,omitempty"`
	GainDR    *Interval         `json:"gain_dr,omitempty"`
}

// Interval is an estimate with its 95% interval.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// NothingLogged is the estimate of events without decisions.
func NothingLogged() *Estimate {
	return &Estimate{Verdict: offpolicy.CannotTell, Why: "no decisions recorded"}
}

// seed makes estimates of one log alike.
const seed = 1

// Weigh estimates what a policy would have earned, by the decisions and outcomes of a journal, of its archive, or of both.
func Weigh(ctx context.Context, archive string, j replay.JournalReader, set *features.FeatureSet, p Policy) (*Estimate, error) {
	w := weighing{with: live.Past{Features: set, Playbook: p.Playbook, Models: p.Models}, sent: map[string]*sample{}}
	err := replay.Entries(ctx, archive, j, func(_ int, e *store.Entry) error {
		switch e.Kind {
		case store.RecordDecision:
			return w.decision(ctx, e)
		case store.RecordOutcome:
			return w.outcome(e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return w.estimate()
}

// sample is an action that was sent.
type sample struct {
	customer string
	key      string // of the action and its wording
	logged   float64
	reward   float64
	chances  []live.Chance // of the policy in question
	target   float64
}

type weighing struct {
	with  live.Past
	out   Estimate
	sent  map[string]*sample // by the action's id
	order []*sample
}

// recorded is what is read of a decision's record.
type recorded struct {
	Customer string `json:"customer_id"`
	Actions  []struct {
		ID, Action, Variant, Audience string
		Propensity                    float64
	} `json:"actions"`
}

func keyOf(action, variant string) string { return action + "/" + variant }

func (w *weighing) decision(ctx context.Context, e *store.Entry) error {
	var d recorded
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return fmt.Errorf("read a decision's record: %w", err)
	}
	var sent []*sample
	for _, a := range d.Actions {
		if a.Audience == "" && a.Propensity > 0 {
			s := &sample{customer: d.Customer, key: keyOf(a.Action, a.Variant), logged: a.Propensity}
			w.sent[a.ID] = s
			sent = append(sent, s)
		}
	}
	if len(sent) == 0 {
		return nil
	}
	w.out.Decisions++
	chances, err := live.Reconsider(ctx, e.Data, w.with)
	if err != nil && !errors.Is(err, live.ErrNothingDecided) && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // such as a state of definitions that are gone
		w.out.Unread++
		return nil
	}
	for _, s := range sent {
		s.chances = chances
		for _, c := range chances {
			if keyOf(c.Action, c.Variant) == s.key {
				s.target = c.Propensity
			}
		}
		w.order = append(w.order, s)
	}
	return nil
}

// unknown is how an action learns that the policy does not have.
var unknown = playbook.Learning{Reward: features.Accepted.String(), Within: 7 * 24 * time.Hour}

func (w *weighing) outcome(e *store.Entry) error {
	var o live.Outcome
	if err := json.Unmarshal(e.Data, &o); err != nil {
		return fmt.Errorf("read an outcome's record: %w", err)
	}
	learning := &unknown
	if a := w.with.Playbook.Action(o.Action); a != nil {
		learning = &a.Learning
	}
	if s := w.sent[o.ActionID]; s != nil && o.Outcome == learning.Reward && o.At.Sub(o.Issued) <= learning.Within {
		s.reward = 1
	}
	return nil
}

func (w *weighing) estimate() (*Estimate, error) {
	if w.out.Decisions == 0 {
		return NothingLogged(), nil
	}
	var means offpolicy.Means
	for _, s := range w.order {
		means.Add(s.customer, s.key, s.reward)
	}
	evaluation := offpolicy.New(seed)
	for _, s := range w.order {
		one := offpolicy.Sample{Unit: s.customer, Reward: s.reward, Logged: s.logged, Target: s.target, Expected: means.Expect(s.customer, s.key)}
		one.Direct = s.direct(&means)
		if err := evaluation.Add(one); err != nil {
			return nil, err
		}
	}
	r, o := evaluation.Report(), &w.out
	verdict, doubt := r.Verdict(offpolicy.DefaultDemands())
	o.Verdict, o.Why, o.Samples, o.Effective, o.Rewarded = verdict, string(doubt), r.Samples, r.Effective, r.Rewarded
	for _, x := range []struct {
		to   **Interval
		from trial.Estimate
	}{{&o.Logged, r.Logged}, {&o.SNIPS, r.SNIPS}, {&o.DR, r.DR}, {&o.GainSNIPS, r.GainSNIPS}, {&o.GainDR, r.GainDR}} {
		if x.from.Value-x.from.Value == 0 && x.from.Low-x.from.Low == 0 && x.from.High-x.from.High == 0 {
			*x.to = &Interval{x.from.Value, x.from.Low, x.from.High}
		}
	}
	return o, nil
}

// direct is the reward that is expected of what the policy in question may do instead.
func (s *sample) direct(means *offpolicy.Means) (expected float64) {
	total := 0.0
	for _, c := range s.chances {
		total += c.Propensity
		expected += c.Propensity * means.Expect(s.customer, keyOf(c.Action, c.Variant))
	}
	if total > 1 { // several actions are sent at once, and each is a sample
		expected /= total
	}
	return expected
}
