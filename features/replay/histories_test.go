package replay_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/replay"
)

// guestbook writes down what a visitor is shown.
type guestbook struct {
	mu    *sync.Mutex
	seen  map[string][]string // customer -> ids of events
	wants func(id string) bool
}

func (g guestbook) Wants(id []byte) bool { return g.wants(string(id)) }

func (g guestbook) Customer(id string, events []event.Event) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range events {
		g.seen[id] = append(g.seen[id], events[i].ID)
	}
	return nil
}

func TestHistoriesAreVisitedAgain(t *testing.T) {
	events := history(5, 40, 2000)
	expected := map[string][]string{}
	for i := range events {
		expected[events[i].Key()] = append(expected[events[i].Key()], events[i].ID)
	}
	for _, memory := range []int64{0, 1} { // 1: all of it goes to a file
		h, err := replay.Sort(t.Context(), input(t, events), replay.Options{Workers: 3, Memory: memory})
		require.NoError(t, err)
		visit := func(wants func(string) bool) (map[string][]string, replay.Counts) {
			g := guestbook{mu: new(sync.Mutex), seen: map[string][]string{}, wants: wants}
			counts, err := h.Visit(t.Context(), func() replay.Visitor { return g })
			require.NoError(t, err)
			return g.seen, counts
		}
		for range 2 {
			seen, counts := visit(func(string) bool { return true })
			require.Equal(t, expected, seen)
			require.EqualValues(t, len(events), counts.Events)
			require.EqualValues(t, 40, counts.Customers)
		}
		some := []string{"c1", "c7"}
		seen, _ := visit(func(id string) bool { return slices.Contains(some, id) })
		require.Equal(t, map[string][]string{"c1": expected["c1"], "c7": expected["c7"]}, seen)
		require.NoError(t, h.Close())
	}
}
