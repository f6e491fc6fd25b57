package live

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/decide"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/reason"
)

// How many actions are issued unless the caller says otherwise.
const (
	defaultActions   = 3
	proactiveActions = 1
)

// person is one customer being decided about, and memory that the next one uses again.
type person struct {
	features *features.FeatureSet
	book     *playbook.Playbook
	state    *features.State
	before   []byte // the state as it was loaded
	moments  moments
	facts    playbook.Facts
	scores   []float32
	ran      []models.Prediction // that scores are of
	said     features.Conversation
	spent    budget
	decider  decide.Decider
	decision *decide.Decision // nil: none was made

	sentences *reason.Book // of book, or of the features alone
	teller    reason.Teller
	effects   []effects // nil: nobody asked
}

func (p *person) reset() {
	p.moments.reset()
	p.facts, p.decision, p.features, p.book, p.state = playbook.Facts{}, nil, nil, nil, nil
	p.before, p.effects, p.sentences, p.ran = p.before[:0], nil, nil, nil
}

// about fills what conditions read of a customer whose vector was read at now.
func (p *person) about(id string, row []float32, tags []string, said *features.Conversation) {
	p.facts.Vector, p.facts.Tags, p.facts.Intents = row, tags, said.Intents
	p.facts.Customer = playbook.Customer{ID: id, Known: p.state.Events() > 0, Traits: p.state.Traits()}
}

// read reads the customer at now into row, and fills what conditions read, all but the predictions.
func (p *person) read(id string, now int64, moment *features.Moment, row []float32) error {
	if err := p.features.Read(p.state, now, moment, row); err != nil {
		return err
	}
	p.state.Conversation(now, &p.said)
	p.about(id, row, p.features.Tags(row, nil), &p.said)
	p.facts.Channel = moment.Channel
	return nil
}

// input is what a decision is made from, but for who asked and what budgets have left.
func (p *person) input(id string, now int64, table *bandit.Table) decide.Input {
	return decide.Input{
		Playbook: p.book, Facts: &p.facts, Now: now, Contacts: p.state.Contacts(), OptOut: p.state.OptOut(), Fired: p.moments.fired,
		Preferred: p.preferred(), Zone: p.zone(), Decision: id, Table: table,
	}
}

// unasked makes the decision that events or a timer brought about, and writes what it issues into the state. It says whether it issued
// anything.
func (p *person) unasked(in *decide.Input) (issued bool) {
	in.Proactive, in.Max = true, proactiveActions
	p.decision = p.decider.Decide(in)
	return p.issue(true)
}

// asked makes the decision that somebody asked for, and writes what it issues into the state. It says whether it issued anything.
func (p *person) asked(in *decide.Input) (issued bool) {
	if in.Asked = true; in.Max == 0 {
		in.Max = defaultActions
	}
	p.decision = p.decider.Decide(in)
	return p.issue(false)
}

// predicted lays predictions out as the playbook knows them. What failed is missing.
func (p *person) predicted(predictions []models.Prediction) {
	p.ran = predictions
	p.scores = p.scores[:0]
	for _, task := range p.book.Tasks {
		score := float32(math.NaN())
		for i := range predictions {
			if predictions[i].Task == task && predictions[i].Err == nil {
				score = predictions[i].Score
			}
		}
		p.scores = append(p.scores, score)
	}
	p.facts.Predictions = p.scores
}

// zone is the time zone that a customer said they are in, or is in now.
func (p *person) zone() string {
	if zone := p.facts.Customer.Traits.Find("timezone").Text(); zone != "" {
		return zone
	}
	return p.facts.Context.Find("timezone").Text()
}

// preferred is the channel that the customer is on most; empty when it is not known.
func (p *person) preferred() string {
	i, ok := p.features.Index("preferred_channel")
	if !ok {
		return ""
	}
	words := p.features.Features()[i].Vocabulary
	if at := p.facts.Vector[i]; at >= 0 && int(at) < len(words) {
		return words[int(at)]
	}
	return ""
}

// issue writes what was decided into the state, and has what quiet hours stopped tried again.
func (p *person) issue(proactive bool) (issued bool) {
	for i := range p.decision.Actions {
		a := &p.decision.Actions[i]
		if a.Pending {
			continue
		}
		p.state.Issue(p.decision.Contact(a, proactive))
		issued = true
	}
	for _, later := range p.decision.Postponed {
		e := later.Event
		if e == nil {
			e = &event.Event{}
		}
		p.moments.wait(p.state, features.Wait{Name: later.Play.Name, Due: later.Until}, e)
	}
	return issued
}

// unsettle takes back what could not be committed: nothing was issued.
func (p *person) unsettle() {
	o := p.decision
	kept := o.Actions[:0]
	for _, a := range o.Actions {
		if a.Pending {
			kept = append(kept, a)
		} else if !o.Held || a.Staff {
			o.Withheld = append(o.Withheld, decide.Withheld{Action: a.Action, Play: a.Play, Worth: a.Worth, Why: decide.Unavailable})
		}
	}
	o.Actions = kept
}

// needs is which predictions plays that may fire yet read, when somebody asks or when nobody does.
func (p *person) needs(asked bool) (tasks playbook.Tasks) {
	for _, f := range p.moments.fired {
		p.facts.Event = f.Event
		if f.Play.Possible(&p.facts) {
			tasks |= f.Play.Needs.Predictions
		}
	}
	p.facts.Event = nil
	if !asked {
		return tasks
	}
	for _, play := range p.book.Asked() {
		if play.Needs.Predictions&^tasks != 0 && play.Possible(&p.facts) {
			tasks |= play.Needs.Predictions
		}
	}
	return tasks
}

// predict runs the models that tasks are read from, on one row.
func (e *Engine) predict(ctx context.Context, all []*models.Model, book *playbook.Playbook, tasks playbook.Tasks, row []float32) []models.Prediction {
	if tasks == 0 {
		return nil
	}
	var wanted []*models.Model
	for _, m := range all {
		for i, task := range book.Tasks {
			if m.Task == task && tasks.Has(i) {
				wanted = append(wanted, m)
			}
		}
	}
	start := time.Now()
	predictions := models.PredictBatch(ctx, nil, wanted, [][]float32{row})
	e.metrics.Model.Observe(time.Since(start).Seconds())
	for i := range predictions {
		if err := predictions[i].Err; err != nil && !errors.Is(err, context.DeadlineExceeded) {
			e.complain("model "+predictions[i].Model+" failed", fmt.Errorf("predict for a play: %w", err))
		}
	}
	return predictions
}
