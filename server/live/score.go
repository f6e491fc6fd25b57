package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// RequestError is about a request that cannot be answered as it is.
type RequestError struct {
	Index   int // of the request
	Field   string
	Message string
	Err     error // nil, or features.ErrBeforeNewest
}

func (e *RequestError) Error() string { return e.Field + ": " + e.Message }
func (e *RequestError) Unwrap() error { return e.Err }

// scratch is the memory of one call of Score.
type scratch struct {
	items       []item
	pending     []*item
	ids         []string
	values      []float32
	rows        [][]float32
	models      []*models.Model
	predictions []models.Prediction
	changes     []store.Change
	changed     []*item
	outcomes    []error
	people      []*person
}

// item is one request being answered.
type item struct {
	index    int
	request  *Request
	answer   *Answer
	row      []float32
	person   *person
	folding  folding
	version  uint64 // that the profile had
	change   store.Change
	commits  bool // there is a change to commit
	stateful bool // the profile was read: what follows from it may be stored
	counts   counts
	age      time.Duration // of the newest event at the answer's instant
}

// scoring is one call of Score.
type scoring struct {
	*scratch
	engine   *Engine
	serving  *Serving
	book     *playbook.Playbook // nil: nothing is decided
	start    time.Time
	now      int64 // of the answers, Unix milliseconds
	deadline time.Time
	memory   *arena // of the changes; nil until there is one
	enricher enricher
}

// Score answers every request; answers[i] is filled, and its slices are used again. All of them see the same definitions and models.
// It always answers within the longest deadline, give or take a model's run: what could not be had by then is named in Degraded. An
// error is a *RequestError, and then nothing was done.
func (e *Engine) Score(requests []Request, answers []Answer) error {
	s, snapshot := e.acquire()
	defer e.release(snapshot)
	j := scoring{scratch: e.scratch.Get().(*scratch), engine: e, serving: s, book: s.book.Load(), start: time.Now(), now: e.Now()}
	defer j.recycle()
	if err := j.selectModels(snapshot.Models(), requests); err != nil {
		return err
	}
	j.prepare(requests, answers)
	j.enricher = e.newEnricher(snapshot, time.Until(j.deadline))
	ctx, cancel := context.WithDeadline(context.Background(), j.deadline)
	defer cancel()
	for attempt := 0; len(j.pending) > 0; attempt++ {
		if attempt == maxAttempts || attempt > 0 && pause(ctx, backoff(attempt)) != nil {
			j.giveUp()
			break
		}
		if err := j.try(ctx); err != nil {
			return err
		}
	}
	j.finish()
	return nil
}

func (j *scoring) prepare(requests []Request, answers []Answer) {
	longest := time.Duration(0)
	j.items = slices.Grow(j.items[:0], len(requests))[:len(requests)]
	j.pending = j.pending[:0]
	for i := range requests {
		r, a := &requests[i], &answers[i]
		if r.Deadline == 0 {
			r.Deadline = j.engine.deadline
		}
		longest = max(longest, r.Deadline)
		*a = Answer{
			CustomerID: r.Customer, DecisionID: newDecisionID(store.ShardOf(r.Customer, j.engine.store.Shards())), Features: j.serving.features.Revision(),
			Predictions: a.Predictions[:0], Because: a.Because[:0], Tags: a.Tags[:0], Degraded: a.Degraded[:0],
			Said: features.Conversation{Intents: a.Said.Intents[:0]}, Actions: a.Actions[:0], Withheld: a.Withheld[:0],
		}
		if j.book != nil {
			a.Playbook = j.book.Revision
		}
		if i == len(j.people) {
			j.people = append(j.people, &person{})
		}
		j.items[i] = item{index: i, request: r, answer: a, person: j.people[i]}
		j.pending = append(j.pending, &j.items[i])
	}
	j.deadline = j.start.Add(longest)
}

// selectModels keeps those that anybody asks for.
func (j *scoring) selectModels(all []*models.Model, requests []Request) error {
	j.models = j.models[:0]
	everything := false
	for i := range requests {
		everything = everything || len(requests[i].Ask) == 0
		for n, task := range requests[i].Ask {
			if !slices.ContainsFunc(all, func(m *models.Model) bool { return m.Task == task }) {
				return &RequestError{Index: i, Field: fmt.Sprintf("ask[%d]", n), Message: fmt.Sprintf("no model predicts %q, expected one of %s", task, tasks(all))}
			}
		}
	}
	needed := j.needed(requests)
	for _, m := range all {
		if everything || slices.Contains(needed, m.Task) || slices.ContainsFunc(requests, func(r Request) bool { return slices.Contains(r.Ask, m.Task) }) {
			j.models = append(j.models, m)
		}
	}
	return nil
}

func tasks(all []*models.Model) string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.Task
	}
	return strings.Join(names, ", ")
}

// try answers what is pending; what then is still pending has to be tried again, because its customer has moved on.
func (j *scoring) try(ctx context.Context) error {
	j.ids = j.ids[:0]
	for _, it := range j.pending {
		j.ids = append(j.ids, it.request.Customer)
	}
	// A fifth of the time is left for the models: they can say something of a customer nothing is known of.
	f, err := j.engine.load(j.ids, time.Until(j.deadline)*4/5)
	if err != nil {
		j.engine.complain("customers cannot be loaded", err)
	}
	width := j.serving.features.Len()
	j.values = slices.Grow(j.values[:0], width*len(j.pending))[:width*len(j.pending)]
	j.rows = j.rows[:0]
	for i, it := range j.pending {
		it.row = j.values[i*width : (i+1)*width]
		it.answer.reset()
		var snap *store.Snapshot
		if err == nil {
			snap = &f.out[i]
		}
		if failed := j.evaluate(it, snap, err); failed != nil {
			return failed
		}
		j.rows = append(j.rows, it.row)
	}
	if f != nil {
		j.engine.done(f)
	}
	j.predict(ctx)
	for _, it := range j.pending {
		j.decide(ctx, it)
		j.seal(it)
	}
	j.commit(ctx)
	return nil
}

// giveUp ends requests whose customers kept moving on: they have their answers, but nothing of them was stored.
func (j *scoring) giveUp() {
	for _, it := range j.pending {
		it.notStored()
		it.unsettle()
	}
}

// finish completes the answers and counts.
func (j *scoring) finish() {
	took := time.Since(j.start)
	for i := range j.items {
		a := j.items[i].answer
		if a.Took == 0 {
			a.Took = took
		}
		if a.Replayed != nil {
			continue // what it says was counted when it was said first
		}
		if !j.items[i].request.Preview {
			j.engine.withheld(j.items[i].person)
		}
		if a.Known {
			j.engine.metrics.Freshness.Observe(j.items[i].age.Seconds())
		}
		for _, cause := range a.Degraded {
			kind, _, _ := strings.Cut(cause, ":")
			j.engine.metrics.Degraded(kind)
		}
		for k := range a.Predictions {
			if p := &a.Predictions[k]; p.Err == nil {
				j.engine.scoreHistogram(j.serving, p.Model).Observe(float64(p.Score))
			}
		}
	}
}

// recycle gives the memory back, without what it points to.
func (j *scoring) recycle() {
	if j.memory != nil {
		j.memory.reset()
		j.engine.arenas.Put(j.memory)
	}
	sc := j.scratch
	for i := range sc.items {
		p := sc.items[i].person
		if p.state != nil { // nil: the call failed before it came to this request
			j.serving.states.Put(p.state)
		}
		p.reset()
	}
	clear(sc.items)
	sc.items = sc.items[:0]
	clear(sc.ids)
	clear(sc.models)
	clear(sc.changes)
	clear(sc.predictions)
	j.engine.scratch.Put(sc)
}

func (a *Answer) reset() {
	a.Predictions, a.Because, a.Tags, a.Degraded, a.Replayed, a.Took = a.Predictions[:0], a.Because[:0], a.Tags[:0], a.Degraded[:0], nil, 0
}

// lack names something that the answer had to do without, once.
func (a *Answer) lack(cause string) {
	if !slices.Contains(a.Degraded, cause) {
		a.Degraded = append(a.Degraded, cause)
	}
}

func (it *item) notStored() {
	if len(it.request.Events) > 0 {
		it.answer.lack(EventsNotStored)
	}
	if it.request.IdempotencyKey != "" {
		it.answer.lack(DecisionNotKept)
	}
}

func isTimeout(err error) bool {
	return errors.Is(err, errLate) || errors.Is(err, context.DeadlineExceeded)
}
