package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/label"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/source"
)

const begin = int64(1_600_000_000_000)

// history makes up what many customers did: some of it late, some of it told twice.
func history(seed uint64, customers, events int) []event.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	names := []string{"Page Viewed", "Product Viewed", "Product Added", "Product Removed", "Checkout Started", "Order Completed", "Message Received", "Search", "Error Shown"}
	now := begin
	var out []event.Event
	for i := range events {
		now += r.Int64N(600_000)
		e := event.Event{
			ID: fmt.Sprint("e", i), Name: names[r.IntN(len(names))], CustomerID: fmt.Sprint("c", r.IntN(customers)), At: now, ReceivedAt: now,
			Channel:    []string{"web", "app", "chat"}[r.IntN(3)],
			Properties: event.Object{{Key: "product_id", Value: event.StringValue(fmt.Sprint("p", r.IntN(9)))}, {Key: "price", Value: event.NumberValue(float64(r.IntN(9999)) / 100)}, {Key: "revenue", Value: event.NumberValue(float64(r.IntN(9999)) / 100)}, {Key: "quantity", Value: event.NumberValue(1)}},
			Context:    event.Object{{Key: "session_id", Value: event.StringValue(fmt.Sprint(now / 7_200_000))}, {Key: "device", Value: event.StringValue("mobile")}},
		}
		switch r.IntN(12) {
		case 0:
			e.At -= r.Int64N(86_400_000)
		case 1:
			e.At += r.Int64N(900_000)
		case 2:
			if len(out) > 0 {
				e = out[r.IntN(len(out))]
			}
		}
		if e.Name == event.MessageReceived {
			e.Enriched = event.Object{{Key: "sentiment", Value: event.NumberValue(float64(r.IntN(200))/100 - 1)}}
		}
		out = append(out, e)
	}
	return out
}

// input is the events as a file of ours.
func input(t testing.TB, events []event.Event) replay.Input {
	t.Helper()
	var b bytes.Buffer
	for i := range events {
		b.Write(events[i].AppendJSON(nil))
		b.WriteByte('\n')
	}
	path := filepath.Join(t.TempDir(), "events.jsonl")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	s, err := source.Open([]string{path}, source.Options{})
	require.NoError(t, err)
	return replay.Files(s)
}

func definition(t testing.TB, text string) *label.Definition {
	t.Helper()
	d, err := label.Parse("test.yaml", []byte("version: 1\nname: test\n"+text))
	require.NoError(t, err)
	return d
}

const (
	afterViews = `
points: {after: [Product Viewed, Message Received]}
positive: {event: Order Completed}
horizon: {duration: 2d}
keys: {session: context.session_id, name: name}
`
	grid = `
points: {every: 1d, from: 2020-09-13, until: 2020-12-01}
positive: {event: Order Completed}
horizon: {duration: 2d}
`
	prefixes = `
session: context.session_id
points: {random_prefix_of: session, per_session: 2, seed: 3}
positive: {event: Order Completed}
horizon: session_end
`
)

// row is a copy of a row; its vector is kept by its bits, so that NaN equals NaN and 0 does not equal -0.
type row struct {
	Customer string
	At       int64
	Label    uint32
	Draw     int32
	Keys     []string
	Vector   []uint32
}

func bits(vector []float32) []uint32 {
	out := make([]uint32, len(vector))
	for i, v := range vector {
		out[i] = math.Float32bits(v)
	}
	return out
}

// same compares rows one by one: the difference of two long lists would take minutes to print.
func same(t testing.TB, expected, got []row) {
	t.Helper()
	require.Len(t, got, len(expected))
	names := features.Default().Features()
	for i := range expected {
		a, b := expected[i], got[i]
		for c := range a.Vector {
			require.Equal(t, a.Vector[c], b.Vector[c], "row %d of %s at %d, feature %s: %v and %v", i, a.Customer, a.At, names[c].Name,
				math.Float32frombits(a.Vector[c]), math.Float32frombits(b.Vector[c]))
		}
		a.Vector, b.Vector = nil, nil
		require.Equal(t, a, b, "row %d", i)
	}
}

func run(t testing.TB, in replay.Input, d *label.Definition, o replay.Options) ([]row, replay.Counts) {
	t.Helper()
	var rows []row
	counts, err := replay.Run(context.Background(), in, features.Default(), d, o, func(r *replay.Row) error {
		rows = append(rows, row{r.Customer, r.At, math.Float32bits(r.Label), r.Draw, slices.Clone(r.Keys), bits(r.Vector)})
		return nil
	})
	require.NoError(t, err)
	return rows, counts
}
