package rehearse

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// window is a budget in one of the times that it is counted in.
type window struct {
	budget *playbook.Budget
	key    string
}

// position is where a take from a budget stands in the order of all: by time, then by customer, then by which of the customer's it is.
type position struct {
	at       int64
	customer string
	n        int
}

func (p position) compare(o position) int {
	return cmp.Or(cmp.Compare(p.at, o.at), strings.Compare(p.customer, o.customer), cmp.Compare(p.n, o.n))
}

// nobody is the position before all others.
var nobody = position{at: math.MinInt64}

// take is a question put to a budget.
type take struct {
	window
	position
	kind takeKind
}

type takeKind uint8

const (
	looked  takeKind = iota // there was some left, and it was not taken
	taken                   // it was
	refused                 // there was none left
)

// purse is what one customer may take from the budgets: whatever stands before the cut. It implements decide.Budgets.
type purse struct {
	zone     *time.Location
	cuts     map[window]position
	customer string
	trace    *trace
}

func (p *purse) begin(customer string, t *trace) { p.customer, p.trace = customer, t }

// ask finds where the customer's next take stands, and whether it is granted.
func (p *purse) ask(b *playbook.Budget, now int64) (t take, granted bool) {
	key, _ := live.BudgetKey(b, now, p.zone)
	t = take{window: window{b, key}, position: position{at: now, customer: p.customer}}
	for i := len(p.trace.takes) - 1; i >= 0 && p.trace.takes[i].at == now; i-- {
		if p.trace.takes[i].budget == b && p.trace.takes[i].kind == taken {
			t.n++
		}
	}
	cut, ends := p.cuts[t.window]
	return t, !ends || t.compare(cut) <= 0
}

// Left implements decide.Budgets.
func (p *purse) Left(b *playbook.Budget, now int64) bool {
	t, granted := p.ask(b, now)
	t.kind = looked
	if !granted {
		t.kind = refused
	}
	p.trace.takes = append(p.trace.takes, t)
	return granted
}

// Take implements decide.Budgets.
func (p *purse) Take(b *playbook.Budget, now int64) bool {
	t, granted := p.ask(b, now)
	t.kind = taken
	if !granted {
		t.kind = refused
	}
	p.trace.takes = append(p.trace.takes, t)
	return granted
}

// GiveBack implements decide.Budgets.
func (p *purse) GiveBack(b *playbook.Budget, now int64) {
	for i := len(p.trace.takes) - 1; i >= 0 && p.trace.takes[i].at == now; i-- {
		if t := &p.trace.takes[i]; t.budget == b && t.kind == taken {
			t.kind = looked
			return
		}
	}
}

// cut moves the cuts to where the budgets were used up, and says that none had to be moved. If one had, customers are left to be
// followed again.
func (s *side) cut(until int64) (settled bool) {
	wanted := map[window][]position{}
	for _, t := range s.traces {
		for i := range t.takes {
			if k := &t.takes[i]; k.kind != looked && k.at <= until {
				wanted[k.window] = append(wanted[k.window], k.position)
			}
		}
	}
	next := map[window]position{}
	for w, positions := range wanted {
		if w.budget.Max == 0 {
			next[w] = nobody
		} else if len(positions) > w.budget.Max {
			slices.SortFunc(positions, position.compare)
			next[w] = positions[w.budget.Max-1]
		}
	}
	old := s.cuts
	s.cuts, s.again = next, map[string]bool{}
	for id, t := range s.traces {
		for i := range t.takes {
			if k := &t.takes[i]; k.at <= until && before(old, k) != before(next, k) {
				s.again[id] = true
				break
			}
		}
	}
	return len(s.again) == 0
}

// before says whether a take stands before the cut of its window.
func before(cuts map[window]position, t *take) bool {
	cut, ends := cuts[t.window]
	return !ends || t.compare(cut) <= 0
}
