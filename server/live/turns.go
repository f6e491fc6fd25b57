package live

import (
	"context"
	"slices"

	"github.com/halfstep-ml/halfstep/features/store"
)

// turns lets those take turns who collided over a customer. Most changes never collide and take no turn; without turns, many who keep
// colliding would all be made again and again, and some would run out of attempts.
type turns struct{ places [1024]chan struct{} }

func newTurns() *turns {
	t := &turns{}
	for i := range t.places {
		t.places[i] = make(chan struct{}, 1)
	}
	return t
}

// take waits for the turns of all the customers, in one order for everybody, and returns what gives them up again.
func (t *turns) take(ctx context.Context, customers []string) (leave func(), err error) {
	at := make([]int, len(customers))
	for i, id := range customers {
		at[i] = store.ShardOf(id, len(t.places))
	}
	slices.Sort(at)
	at = slices.Compact(at)
	taken := 0
	leave = func() {
		for _, i := range at[:taken] {
			<-t.places[i]
		}
	}
	for _, i := range at {
		select {
		case t.places[i] <- struct{}{}:
			taken++
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
	return leave, nil
}
