package live

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halfstep-ml/halfstep/server/playbook"
)

// budget is what a decision takes from the budgets that all customers share. It implements decide.Budgets.
type budget struct {
	engine   *Engine
	zone     *time.Location
	decision string // id
	deadline time.Time
	taken    []token
	takes    int  // so far, those of earlier attempts too: every one needs a token of its own
	preview  bool // take nothing
	answers  []budgetAnswer
}

// token is what was taken from a counter.
type token struct{ budget, key, id string }

// budgetAnswer is what a decision was told of a budget, in the order in which it asked. That there was nothing left it is told whenever it
// asks again.
type budgetAnswer struct {
	Budget string `json:"budget"`
	Answer string `json:"answer"`
}

// The answers.
const (
	budgetTaken   = "taken"
	budgetRefused = "refused" // by the store, when it was to be taken from
	budgetSpent   = "spent"   // it was known that there was nothing left
)

// over says whether it was answered that a budget has nothing left.
func (b *budget) over(name string) bool {
	for _, a := range b.answers {
		if a.Budget == name && a.Answer != budgetTaken {
			return true
		}
	}
	return false
}

func (b *budget) begin(e *Engine, book *playbook.Playbook, decision string, deadline time.Time, preview bool) {
	takes := 0
	if b.decision == decision {
		takes = b.takes
	}
	*b = budget{
		engine: e, zone: book.Timezone, decision: decision, deadline: deadline, taken: b.taken[:0], takes: takes, preview: preview, answers: b.answers[:0],
	}
}

// budgetKey is the counter of a budget in the window that now lies in, and when that ends.
func budgetKey(l *playbook.Budget, now int64, zone *time.Location) (key string, ends time.Time) {
	from, to := l.Window(now, zone)
	if l.Per.Rolling > 0 {
		return "budget." + l.Name + "." + from.UTC().Format(time.RFC3339), to
	}
	return "budget." + l.Name + "." + from.Format("2006-01-02"), to
}

// Left implements decide.Budgets by what this server has seen.
func (b *budget) Left(l *playbook.Budget, now int64) bool {
	if b.over(l.Name) {
		return false
	}
	key, _ := budgetKey(l, now, b.zone)
	if !b.engine.exhausted.has(key) {
		return true
	}
	b.answers = append(b.answers, budgetAnswer{l.Name, budgetSpent})
	return false
}

// Take implements decide.Budgets. When the store cannot say, there is none left.
func (b *budget) Take(l *playbook.Budget, now int64) bool {
	if b.preview {
		return true
	}
	taken := b.take(l, now)
	answer := budgetRefused
	if taken {
		answer = budgetTaken
	}
	b.answers = append(b.answers, budgetAnswer{l.Name, answer})
	return taken
}

func (b *budget) take(l *playbook.Budget, now int64) bool {
	e, limit := b.engine, int64(l.Max) // b may serve another decision before a store that is late has answered
	key, ends := budgetKey(l, now, b.zone)
	b.takes++
	t := token{budget: l.Name, key: key, id: b.decision + "." + strconv.Itoa(b.takes)}
	var answered atomic.Bool // set by who comes first: the one who takes, or the one who stops waiting
	ok, err := beside(e, b.deadline, func(ctx context.Context) (bool, error) {
		ok, err := e.store.Spend(ctx, key, t.id, limit, ends)
		if err == nil && (!ok || answered.CompareAndSwap(false, true)) {
			return ok, nil
		}
		return false, errors.Join(err, e.store.Refund(ctx, key, t.id)) // it may have been taken, and nobody waits for it
	})
	switch {
	case err != nil:
		e.complain("a budget cannot be taken from", err)
		if !answered.CompareAndSwap(false, true) {
			b.refund(t)
		}
		return false
	case !ok:
		e.exhausted.add(key, ends)
		return false
	}
	b.taken = append(b.taken, t)
	return true
}

// GiveBack implements decide.Budgets.
func (b *budget) GiveBack(l *playbook.Budget, _ int64) {
	for i := len(b.taken) - 1; i >= 0; i-- {
		if b.taken[i].budget == l.Name {
			b.refund(b.taken[i])
			b.taken = slices.Delete(b.taken, i, i+1)
			return
		}
	}
}

// giveBack returns what was taken for a decision that was not committed.
func (b *budget) giveBack() {
	for _, t := range b.taken {
		b.refund(t)
	}
	b.taken = b.taken[:0]
}

// refundWithin is how long giving back is waited for, so that whoever decides again finds it; beyond the deadline it is done without
// anybody waiting.
const refundWithin = time.Second

func (b *budget) refund(t token) {
	e, until := b.engine, time.Now().Add(refundWithin)
	if b.deadline.Before(until) {
		until = b.deadline
	}
	_, err := beside(e, until, func(ctx context.Context) (struct{}, error) {
		err := e.store.Refund(ctx, t.key, t.id)
		e.exhausted.remove(t.key)
		return struct{}{}, err
	})
	if err != nil {
		e.complain("a budget cannot be given back", err)
	}
}

// exhaustedFor bounds how long a budget is taken for spent without asking again: another server may have given something back.
const exhaustedFor = time.Second

// spentBudgets remembers which counters had nothing left.
type spentBudgets struct {
	mu    sync.Mutex
	until map[string]time.Time
	now   func() time.Time
}

func (s *spentBudgets) has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.until[key]
	if ok && !s.now().Before(until) {
		delete(s.until, key)
		return false
	}
	return ok
}

func (s *spentBudgets) add(key string, ends time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[string]time.Time{}
	}
	now := s.now()
	maps.DeleteFunc(s.until, func(_ string, until time.Time) bool { return !now.Before(until) }) // nobody asks of a past window again
	until := now.Add(exhaustedFor)
	if ends.Before(until) {
		until = ends
	}
	s.until[key] = until
}

func (s *spentBudgets) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, key)
}
