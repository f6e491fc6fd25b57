package live

import (
	"context"
	"sync"
	"time"

	"github.com/halfstep-ml/halfstep/server/playbook"
)

// budget is what a decision takes from the budgets that all customers share. It implements decide.Budgets.
type budget struct {
	engine   *Engine
	zone     *time.Location
	token    string // a decision's id
	deadline time.Time
	taken    []string // keys of the counters
	preview  bool     // take nothing
	answers  []budgetAnswer
}

// budgetAnswer is what a decision was told of a budget, and is told whenever it asks again.
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

func (b *budget) answered(name string) string {
	for _, a := range b.answers {
		if a.Budget == name {
			return a.Answer
		}
	}
	return ""
}

func (b *budget) begin(e *Engine, book *playbook.Playbook, decision string, deadline time.Time, preview bool) {
	*b = budget{engine: e, zone: book.Timezone, token: decision, deadline: deadline, taken: b.taken[:0], preview: preview, answers: b.answers[:0]}
}

// counters is the part of the store that budgets are counted in.
type counters interface {
	Spend(ctx context.Context, key, token string, limit int64, expires time.Time) (ok bool, err error)
	Refund(ctx context.Context, key, token string) error
}

func (e *Engine) counters() counters { return e.store.Driver.(counters) }

// budgetKey is the counter of a budget in the window that now lies in, and when that ends. A rolling window is counted in windows of
// its length.
func budgetKey(l *playbook.Budget, now int64, zone *time.Location) (key string, ends time.Time) {
	if l.Per.Rolling > 0 {
		length := l.Per.Rolling.Milliseconds()
		start := now - now%length
		return "budget." + l.Name + "." + time.UnixMilli(start).UTC().Format(time.RFC3339), time.UnixMilli(start + length)
	}
	from, to := l.Per.Span(time.UnixMilli(now).In(zone))
	return "budget." + l.Name + "." + from.Format("2006-01-02"), to
}

// Left implements decide.Budgets by what this server has seen.
func (b *budget) Left(l *playbook.Budget, now int64) bool {
	switch b.answered(l.Name) {
	case budgetTaken:
		return true
	case budgetRefused, budgetSpent:
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
	if b.preview || b.answered(l.Name) == budgetTaken {
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
	key, ends := budgetKey(l, now, b.zone)
	ok, err := beside(b.engine, b.deadline, func(ctx context.Context) (bool, error) {
		return b.engine.counters().Spend(ctx, key, b.token, int64(l.Max), ends)
	})
	switch {
	case err != nil:
		b.engine.complain("a budget cannot be taken from", err)
		return false
	case !ok:
		b.engine.exhausted.add(key, ends)
		return false
	}
	b.taken = append(b.taken, key)
	return true
}

// giveBack returns what was taken for a decision that was not committed.
func (b *budget) giveBack() {
	for _, key := range b.taken {
		_, err := beside(b.engine, b.deadline, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, b.engine.counters().Refund(ctx, key, b.token)
		})
		if err != nil {
			b.engine.complain("a budget cannot be given back", err)
		}
		b.engine.exhausted.remove(key)
	}
	b.taken = b.taken[:0]
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
	until := s.now().Add(exhaustedFor)
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
