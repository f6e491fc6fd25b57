package replay_test

import (
	"cmp"
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/label"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/source"
)

// naive does what replay promises, the slow way: for every point a new state, and all that was known folded into it.
func naive(t *testing.T, events []event.Event, d *label.Definition) (rows []row, dropped int) {
	t.Helper()
	fs := features.Default()
	histories := map[string][]event.Event{}
	states := map[string]*features.State{}
	var end int64
	for i := range events {
		e := &events[i]
		at, _ := e.Time()
		end = max(end, at)
		if states[e.Key()] == nil {
			states[e.Key()] = fs.NewState()
		}
		if outcome, _ := fs.Fold(states[e.Key()], e); outcome != features.Duplicate {
			histories[e.Key()] = append(histories[e.Key()], *e)
		}
	}
	for customer, history := range histories {
		for _, p := range d.NewFinder().Points(customer, history) {
			if p.Ends > end {
				dropped++
				continue
			}
			s, vector := fs.NewState(), make([]float32, fs.Len())
			var m features.Moment
			for i := range history {
				if i <= p.After || p.After == label.Calendar && label.KnownAt(&history[i]) <= p.At {
					fs.Fold(s, &history[i])
				}
			}
			if p.After != label.Calendar {
				m = features.MomentOf(&history[p.After])
			}
			require.NoError(t, fs.Read(s, p.At, &m, vector))
			rows = append(rows, row{customer, p.At, math.Float32bits(p.Label), p.Draw, append(make([]string, 0, len(d.Keys)), p.Keys...), bits(vector)})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(xxhash.Sum64String(a.Customer), xxhash.Sum64String(b.Customer)), cmp.Compare(a.Customer, b.Customer))
	})
	return rows, dropped
}

// decoded is the events as they come out of a file: numbers as they were written.
func decoded(t *testing.T, events []event.Event) []event.Event {
	t.Helper()
	out := make([]event.Event, len(events))
	for i := range events {
		e, err := event.Decode(events[i].AppendJSON(nil), event.Origin{History: true})
		require.NoError(t, err)
		out[i] = e
	}
	return out
}

func TestReplayIsTheFold(t *testing.T) {
	events := decoded(t, history(1, 40, 4000))
	in := input(t, events)
	for name, text := range map[string]string{"after events": afterViews, "grid": grid, "prefixes": prefixes} {
		t.Run(name, func(t *testing.T) {
			d := definition(t, text)
			expected, dropped := naive(t, events, d)
			got, counts := run(t, in, d, replay.Options{Workers: 3})
			require.NotEmpty(t, expected)
			require.Equal(t, len(expected), len(got))
			for i := range expected { // one by one: a difference of whole sets takes minutes to print
				require.Equal(t, expected[i], got[i], "row %d", i)
			}
			assert.EqualValues(t, dropped, counts.Dropped)
			assert.EqualValues(t, len(expected), counts.Points)
			assert.EqualValues(t, len(events), counts.Events)
			assert.Positive(t, counts.Duplicates)
			assert.Positive(t, counts.Positives)
			assert.EqualValues(t, 40, counts.Customers)
		})
	}
}

func TestWorkersAndMemoryChangeNothing(t *testing.T) {
	in := input(t, history(2, 3000, 9000))
	d := definition(t, afterViews)
	expected, counts := run(t, in, d, replay.Options{Workers: 1})
	require.NotEmpty(t, expected)
	for _, o := range []replay.Options{{Workers: 8}, {Workers: 2, Memory: 100_000}, {Workers: 8, Memory: 1}} {
		o.TempDir = t.TempDir()
		got, again := run(t, in, d, o)
		assert.Equal(t, counts, again)
		same(t, expected, got)
		left, err := os.ReadDir(o.TempDir)
		require.NoError(t, err)
		assert.Empty(t, left, "temporary files are gone")
	}
}

// TestNothingLaterLeaksIntoAVector changes and adds events behind a moment: every vector read by then stays what it was.
func TestNothingLaterLeaksIntoAVector(t *testing.T) {
	events := history(3, 20, 3000)
	for i := range events {
		events[i].At = events[i].ReceivedAt // so that "later" means one thing
	}
	events = slices.CompactFunc(events, func(a, b event.Event) bool { return a.ID == b.ID })
	slices.SortStableFunc(events, func(a, b event.Event) int { return cmp.Compare(a.At, b.At) })
	moment := events[len(events)/2].At
	changed := slices.Clone(events)
	for i := range changed {
		if changed[i].At > moment {
			changed[i].Name, changed[i].Channel = event.MessageReceived, "phone"
			changed[i].Properties = event.Object{{Key: "revenue", Value: event.NumberValue(1e6)}}
			changed[i].Enriched = event.Object{{Key: "sentiment", Value: event.NumberValue(-1)}}
		}
	}
	for name, text := range map[string]string{"after events": afterViews, "grid": grid} {
		t.Run(name, func(t *testing.T) {
			before := func(rows []row) (out []row) {
				for _, r := range rows {
					if r.At <= moment {
						r.Label = 0
						out = append(out, r)
					}
				}
				return out
			}
			d := definition(t, text)
			a, _ := run(t, input(t, events), d, replay.Options{})
			b, _ := run(t, input(t, changed), d, replay.Options{})
			assert.NotEqual(t, len(before(a)), 0)
			same(t, before(a), before(b))
			assert.False(t, assert.ObjectsAreEqual(a, b), "the change shows behind the moment")
		})
	}
}

func TestProfilesAreTheStatesThatServe(t *testing.T) {
	events := decoded(t, history(4, 50, 3000))
	fs := features.Default()
	expected := map[string]*features.State{}
	for i := range events {
		key := events[i].Key()
		if expected[key] == nil {
			expected[key] = fs.NewState()
		}
		fs.Fold(expected[key], &events[i])
	}
	seen := 0
	counts, err := replay.Profiles(context.Background(), input(t, events), fs, replay.Options{Workers: 4}, func(customer string, s *features.State) error {
		seen++
		a, b := make([]float32, fs.Len()), make([]float32, fs.Len())
		now := s.LastAt() + 1000
		require.NoError(t, fs.Read(expected[customer], now, &features.Moment{}, a))
		require.NoError(t, fs.Read(s, now, &features.Moment{}, b))
		assert.Equal(t, bits(a), bits(b), customer)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, len(expected), seen)
	assert.EqualValues(t, len(expected), counts.Customers)
}

func TestSnapshotHasEveryCustomerOnce(t *testing.T) {
	events := decoded(t, history(5, 50, 1000))
	at := time.UnixMilli(events[500].At)
	rows, counts := run(t, input(t, events), label.Snapshot(at), replay.Options{})
	customers := map[string]bool{}
	for _, r := range rows {
		assert.Equal(t, at.UnixMilli(), r.At)
		assert.True(t, math.IsNaN(float64(math.Float32frombits(r.Label))))
		assert.False(t, customers[r.Customer])
		customers[r.Customer] = true
	}
	assert.NotEmpty(t, rows)
	assert.Zero(t, counts.Dropped)
}

func TestProgressReachesItsEnd(t *testing.T) {
	var last, total int
	run(t, input(t, history(6, 10, 100)), definition(t, afterViews), replay.Options{Workers: 3, Progress: func(done, of int) {
		assert.Equal(t, last+1, done)
		last, total = done, of
	}})
	assert.Equal(t, total, last)
	assert.Positive(t, total)
}

func TestAnErrorEndsTheRun(t *testing.T) {
	d := definition(t, afterViews)
	in := input(t, history(7, 50, 2000))
	stop := errors.New("enough")
	_, err := replay.Run(context.Background(), in, features.Default(), d, replay.Options{}, func(*replay.Row) error { return stop })
	require.ErrorIs(t, err, stop)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = replay.Run(ctx, in, features.Default(), d, replay.Options{}, func(*replay.Row) error { return nil })
	require.ErrorIs(t, err, context.Canceled)

	_, err = replay.Profiles(context.Background(), in, features.Default(), replay.Options{}, func(string, *features.State) error { return stop })
	require.ErrorIs(t, err, stop)

	_, err = replay.Run(context.Background(), broken{in}, features.Default(), d, replay.Options{}, func(*replay.Row) error { return nil })
	require.ErrorIs(t, err, errBroken)
}

// broken is an input whose rows cannot be read.
type broken struct{ replay.Input }

var errBroken = errors.New("broken row")

func (b broken) NewDecoder() replay.Decoder { return brokenDecoder{b.Input.NewDecoder()} }

type brokenDecoder struct{ replay.Decoder }

func (brokenDecoder) Decode([]byte, []event.Event) ([]event.Event, error) { return nil, errBroken }

func TestNoEvents(t *testing.T) {
	rows, counts := run(t, empty{}, definition(t, afterViews), replay.Options{})
	assert.Empty(t, rows)
	assert.Zero(t, counts)
}

type empty struct{}

func (empty) Scan(context.Context, func(source.Row) error) error { return nil }
func (empty) NewDecoder() replay.Decoder                         { return brokenDecoder{} }
