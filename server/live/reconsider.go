package live

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/decide"
)

// Chance is an action that is sent to a customer at a moment, in a wording, and with what probability.
type Chance struct {
	Action, Variant string
	Propensity      float64
}

// maxDraws is how many times chance is asked what it may do: an action that it issues one time in twenty is missed once in 20,000.
const maxDraws = 200

// Reconsider tells what another policy may send at the moment of a recorded decision: with the customer, what had happened and what was
// learnt as they were then, and with budgets that have some left. Plays that a timer had fired fire if the policy has them. The order
// of what is returned means nothing.
func Reconsider(ctx context.Context, record []byte, with Past) ([]Chance, error) {
	r, err := readPast(record)
	if err != nil {
		return nil, err
	}
	r.Fired = slices.DeleteFunc(r.Fired, func(f pastFiring) bool { return with.Playbook.Play(f.Play) == nil })
	p := &person{features: with.Features, book: with.Playbook, state: with.Features.NewState()}
	m := made{at: r.At.UnixMilli()}
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
	needs := p.needs(r.Asked)
	wanted := slices.DeleteFunc(slices.Clone(with.Models), func(model *models.Model) bool {
		at := slices.Index(p.book.Tasks, model.Task)
		return at < 0 || !needs.Has(at)
	})
	p.predicted(models.Predict(ctx, nil, wanted, row))
	in := p.input(r.ID, m.at, r.table())
	in.Kinds, in.Asked, in.Proactive, in.Max = r.Kinds, r.Asked, !r.Asked, proactiveActions
	if r.Asked {
		if in.Max = r.Max; in.Max == 0 {
			in.Max = defaultActions
		}
	}
	return p.chances(&in), nil
}

// chances makes a decision again and again, until chance has had its say.
func (p *person) chances(in *decide.Input) (all []Chance) {
	id, total := in.Decision, 0.0
	for n := range maxDraws {
		in.Decision = id + "~" + strconv.Itoa(n)
		d, sent := p.decider.Decide(in), 0
		for i := range d.Actions {
			a := &d.Actions[i]
			if a.Pending || d.Held || a.Staff {
				continue
			}
			sent++
			c := Chance{Action: a.Name, Propensity: a.Propensity}
			if a.Variant != nil {
				c.Variant = a.Variant.Name
			}
			if !slices.ContainsFunc(all, func(o Chance) bool { return o.Action == c.Action && o.Variant == c.Variant }) {
				all = append(all, c)
				total += c.Propensity
			}
		}
		if total >= float64(sent)-1e-9 { // nothing else can come
			break
		}
	}
	return all
}
