package live

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/reason"
)

// Past is what served when a decision was made.
type Past struct {
	Features *features.FeatureSet
	Playbook *playbook.Playbook // compiled for Features
	Models   []*models.Model    // those that the decision ran
}

// ErrNothingDecided is about a record of predictions alone.
var ErrNothingDecided = errors.New("nothing was decided: the record is that of an answer under an Idempotency-Key")

// past is a decision's record, as far as making it again needs it.
type past struct {
	ID          string          `json:"decision_id"`
	Customer    string          `json:"customer_id"`
	At          time.Time       `json:"at"`
	Vector      string          `json:"vector"`
	Asked       bool            `json:"asked"`
	Max         int             `json:"max"`
	Kinds       []string        `json:"kinds"`
	Channel     string          `json:"channel"`
	Page        string          `json:"page"`
	Context     json.RawMessage `json:"context"`
	Events      []json.RawMessage
	Fired       []pastFiring
	Rows        []rowRecord
	Budgets     []budgetAnswer
	State       string
	Predictions map[string]struct {
		Score *float32
		Model string
	}
	Failed    []string
	Degraded  []string
	Revisions struct {
		Features string
		Playbook string
	}
}

// rowRecord is how a choice stood.
type rowRecord struct {
	Choice  string `json:"choice"`
	Segment string `json:"segment"`
	Version string `json:"row"`
	Arms    []struct {
		Arm        string  `json:"arm"`
		Propensity float64 `json:"propensity"`
		Best       float64 `json:"best"`
	} `json:"arms"`
}

type pastFiring struct {
	Play  string          `json:"play"`
	Event json.RawMessage `json:"event"`
}

func readPast(record []byte) (*past, error) {
	r := &past{}
	if err := json.Unmarshal(record, r); err != nil {
		return nil, fmt.Errorf("read the decision's record: %w", err)
	}
	if r.Vector == "" {
		return nil, ErrNothingDecided
	}
	return r, nil
}

// Rederive makes a recorded decision again, from nothing but its record and what served then, and returns the record that comes of it.
// Where a model gives again what it gave then, within the tolerance of its golden scores, the decision is made by what it gave then.
func Rederive(ctx context.Context, record []byte, with Past) ([]byte, error) {
	r, err := readPast(record)
	if err != nil {
		return nil, err
	}
	p := &person{features: with.Features, book: with.Playbook, state: with.Features.NewState(), sentences: reason.Compile(with.Playbook, with.Features)}
	m := made{
		id: r.ID, customer: r.Customer, at: r.At.UnixMilli(), proactive: !r.Asked, asked: r.Asked, max: r.Max, kinds: r.Kinds,
		degraded: r.Degraded, features: with.Features.Revision(), playbook: with.Playbook.Revision,
	}
	if err := p.refold(r, &m); err != nil {
		return nil, err
	}
	row := make([]float32, with.Features.Len())
	if err := p.read(r.Customer, m.at, &m.moment, row); err != nil {
		return nil, fmt.Errorf("read the vector: %w", err)
	}
	if r.Asked {
		p.facts.Context = m.moment.Context
	}
	predictions, err := r.predict(ctx, with.Models, row)
	if err != nil {
		return nil, err
	}
	p.predicted(predictions)
	in := p.input(r.ID, m.at, r.table())
	in.Max, in.Kinds = r.Max, r.Kinds
	if len(with.Playbook.Budgets) > 0 {
		p.spent.answers = nil
		in.Budgets = &recalled{then: r.Budgets, now: &p.spent}
	}
	if r.Asked {
		p.asked(&in)
	} else {
		p.unasked(&in)
	}
	return p.appendRecord(nil, &m), nil
}

// refold brings the state to where the decision was made, and finds the plays that fired.
func (p *person) refold(r *past, m *made) error {
	state, err := base64.StdEncoding.DecodeString(r.State)
	if err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	if len(state) > 0 {
		if err := p.features.Decode(state, p.state); err != nil {
			return fmt.Errorf("read the state: %w", err)
		}
	}
	p.before = state
	if m.moment.Context, err = event.DecodeObject(r.Context); err != nil {
		return fmt.Errorf("read the context: %w", err)
	}
	m.moment.Channel, m.moment.Page = r.Channel, r.Page
	m.events = make([]event.Event, len(r.Events))
	for i, raw := range r.Events {
		if m.events[i], err = event.Decode(raw, event.Origin{History: true}); err != nil {
			return fmt.Errorf("read events[%d]: %w", i, err)
		}
		if outcome, _ := p.features.Fold(p.state, &m.events[i]); outcome == features.Folded {
			p.moments.note(p.book, p.state, &m.events[i], true)
		}
	}
	if len(r.Events) > 0 {
		return nil
	}
	for i, f := range r.Fired {
		firing := decide.Firing{Play: p.book.Play(f.Play)}
		if firing.Play == nil {
			return fmt.Errorf("read fired[%d]: the playbook has no play %s", i, f.Play)
		}
		if f.Event != nil {
			e, err := event.Decode(f.Event, event.Origin{History: true})
			if err != nil {
				return fmt.Errorf("read fired[%d]: %w", i, err)
			}
			firing.Event = &e
		}
		p.moments.fired = append(p.moments.fired, firing)
	}
	return nil
}

// predict runs the models that ran then.
func (r *past) predict(ctx context.Context, with []*models.Model, row []float32) ([]models.Prediction, error) {
	var out []models.Prediction
	for task, then := range r.Predictions {
		if slices.Contains(r.Failed, task) {
			p := models.Prediction{Task: task, Model: then.Model, Err: errFailedThen}
			if then.Score != nil {
				p.Score = *then.Score
			}
			out = append(out, p)
			continue
		}
		at := slices.IndexFunc(with, func(m *models.Model) bool { return m.ID() == then.Model })
		if at < 0 {
			return nil, fmt.Errorf("the bundle %s is not at hand", then.Model)
		}
		p := models.Predict(ctx, nil, with[at:at+1], row)[0]
		if p.Err != nil {
			return nil, fmt.Errorf("run the model %s: %w", then.Model, p.Err)
		}
		if then.Score != nil && math.Abs(float64(*then.Score-p.Score)) <= with[at].Golden.Tolerance {
			p.Score = *then.Score
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b models.Prediction) int { return cmp.Compare(a.Task, b.Task) })
	return out, nil
}

// table is what chance drew from then.
func (r *past) table() *bandit.Table {
	rows := make([]bandit.Standing, len(r.Rows))
	for i, s := range r.Rows {
		row := &bandit.Row{}
		row.Version, _ = strconv.ParseUint(s.Version, 16, 64) // another version is a difference that shows
		for _, a := range s.Arms {
			row.Arms = append(row.Arms, bandit.Arm{Name: a.Arm, Propensity: a.Propensity, Best: a.Best})
		}
		rows[i] = bandit.Standing{Choice: s.Choice, Segment: s.Segment, Row: row}
	}
	return bandit.TableOf(rows)
}

var errFailedThen = errors.New("the model had failed")

// recalled are budgets that answer what they answered then.
type recalled struct {
	then []budgetAnswer
	now  *budget // what they have answered
}

// Left implements decide.Budgets.
func (b *recalled) Left(l *playbook.Budget, _ int64) bool {
	if b.now.over(l.Name) {
		return false
	}
	answer := b.next(l)
	if answer == budgetSpent {
		b.now.answers = append(b.now.answers, budgetAnswer{l.Name, answer})
	}
	return answer != budgetSpent
}

// Take implements decide.Budgets.
func (b *recalled) Take(l *playbook.Budget, _ int64) bool {
	answer := b.next(l)
	if answer == "" {
		answer = budgetTaken // it was not asked then, which shows
	}
	b.now.answers = append(b.now.answers, budgetAnswer{l.Name, answer})
	return answer == budgetTaken
}

// GiveBack implements decide.Budgets: what was answered stays answered.
func (b *recalled) GiveBack(*playbook.Budget, int64) {}

// next is what was answered then of a budget at this point; empty when it was not asked again.
func (b *recalled) next(l *playbook.Budget) string {
	asked := 0
	for _, a := range b.now.answers {
		if a.Budget == l.Name {
			asked++
		}
	}
	for _, a := range b.then {
		if a.Budget != l.Name {
			continue
		}
		if asked == 0 {
			return a.Answer
		}
		asked--
	}
	return ""
}
