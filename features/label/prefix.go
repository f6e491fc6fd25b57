package label

import (
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"

	"github.com/halfstep-ml/halfstep/features/event"
)

// prefixes adds the draws of every session.
func (f *Finder) prefixes() {
	d := f.d
	if d.points.having != nil && !anyPicked(d.points.having, f.h.events) {
		return // most customers, and dividing a history into sessions costs the most
	}
	visits := d.session.visits(&f.h)
	for n := range visits {
		v := &visits[n]
		candidates := f.candidates(v)
		if len(candidates) == 0 {
			continue
		}
		for draw, i := range sample(candidates, d.points.perSession, f.generator(v)) {
			if p := f.after(i, v); p != nil {
				p.Draw = int32(draw)
			}
		}
	}
	f.inOrder(2) // draws come in any order
}

func anyPicked(s selectors, events []event.Event) bool {
	for i := range events {
		if s.pick(&events[i]) {
			return true
		}
	}
	return false
}

// candidates are the events of a session that a prefix may end with.
func (f *Finder) candidates(v *visit) []int {
	begin := 0
	if having := f.d.points.having; having != nil {
		for begin < len(v.events) && !having.pick(&f.h.events[v.events[begin]]) {
			begin++
		}
	}
	end := begin
	for end < len(v.events) && !f.d.points.before.pick(&f.h.events[v.events[end]]) {
		end++
	}
	return v.events[begin:end]
}

// generator is a source of random numbers that depends on nothing but the seed and which session it is: neither on the other
// sessions nor on the order in which customers come.
func (f *Finder) generator(v *visit) *rand.Rand {
	digest := xxhash.NewWithSeed(f.d.points.seed)
	_, _ = digest.WriteString(f.h.customer) // a hash takes everything
	_, _ = digest.Write([]byte{0})
	name := v.name
	if name == "" {
		name = f.h.events[v.events[0]].ID
	}
	_, _ = digest.WriteString(name)
	return rand.New(rand.NewPCG(f.d.points.seed, digest.Sum64()))
}

// sample draws n different elements, or all when there are not as many.
func sample(from []int, n int, r *rand.Rand) []int {
	drawn := make([]int, 0, min(n, len(from)))
	for _, k := range r.Perm(len(from))[:cap(drawn)] {
		drawn = append(drawn, from[k])
	}
	return drawn
}
