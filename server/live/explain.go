package live

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// mostCauses is how many features a prediction is explained by.
const mostCauses = 5

// effects is what features do to the score of a task.
type effects struct {
	task string
	of   []models.Effect
}

// effect is the greatest that a feature has on a score that the play reads; false when it has none that is known.
func (p *person) effect(play *playbook.Play, column int) (greatest float32, ok bool) {
	if column < 0 {
		return 0, false
	}
	for i := range p.effects {
		e := &p.effects[i]
		if at := slices.Index(p.book.Tasks, e.task); at < 0 || !play.Needs.Predictions.Has(at) {
			continue
		}
		for _, one := range e.of {
			if one.Column == column && (!ok || abs(one.Effect) > abs(greatest)) {
				greatest, ok = one.Effect, true
			}
		}
	}
	return greatest, ok
}

func abs(x float32) float64 { return math.Abs(float64(x)) }

// explain finds out what features do to the scores that were asked for, and those of the reasons to the scores that plays read.
func (j *scoring) explain(ctx context.Context, it *item) {
	if !it.request.Explain {
		return
	}
	p, a := it.person, it.answer
	if slices.ContainsFunc(a.Predictions, func(p models.Prediction) bool { return isTimeout(p.Err) }) {
		a.lack(ExplainTimeout)
		return
	}
	p.facts.Vector = it.row
	asked := func(task string) bool {
		return slices.ContainsFunc(a.Predictions, func(p models.Prediction) bool { return p.Task == task && p.Err == nil })
	}
	columns, read := p.looked()
	var wanted []*models.Model
	for _, m := range j.models {
		if asked(m.Task) || slices.Contains(read, m.Task) {
			wanted = append(wanted, m)
		}
	}
	found, err := models.Effects(ctx, wanted, it.row, func(model, column int) bool {
		return asked(wanted[model].Task) || slices.Contains(columns, column)
	})
	switch {
	case err == nil:
	case isTimeout(err):
		a.lack(ExplainTimeout)
		return
	default:
		j.engine.complain("scores cannot be explained", err)
		a.lack(ExplainError)
		return
	}
	for i, m := range wanted {
		p.effects = append(p.effects, effects{m.Task, found[i]})
	}
	for _, prediction := range a.Predictions {
		a.Because = append(a.Because, p.because(prediction.Task))
	}
}

// looked is which columns the reasons of the actions are about, and which tasks their plays read.
func (p *person) looked() (columns []int, tasks []string) {
	if p.decision == nil {
		return nil, nil
	}
	for i := range p.decision.Actions {
		a := &p.decision.Actions[i]
		for _, r := range p.reasons(a) {
			columns = append(columns, r.Column)
		}
		for at, task := range p.book.Tasks {
			if a.Play.Needs.Predictions.Has(at) {
				tasks = append(tasks, task)
			}
		}
	}
	return columns, tasks
}

// because is what does most to a score, as a JSON list.
func (p *person) because(task string) []byte {
	at := slices.IndexFunc(p.effects, func(e effects) bool { return e.task == task })
	if at < 0 {
		return nil
	}
	causes := slices.Clone(p.effects[at].of)
	slices.SortStableFunc(causes, func(a, b models.Effect) int { return cmp.Compare(abs(b.Effect), abs(a.Effect)) })
	list := []byte{'['}
	for _, cause := range causes[:min(len(causes), mostCauses)] {
		if cause.Effect == 0 {
			break
		}
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = p.appendCause(list, cause)
	}
	return append(list, ']')
}

func (p *person) appendCause(dst []byte, cause models.Effect) []byte {
	dst = appendReason(dst, p.teller.Feature(p.sentences, cause.Column, &p.facts))
	dst = append(dst, `,"effect":`...)
	return append(appendNumber(dst, cause.Effect), '}')
}
