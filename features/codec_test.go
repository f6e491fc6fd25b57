package features_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/aggregate"
)

func TestEveryPrefixOfAHistorySurvivesStorage(t *testing.T) {
	fs := features.Default()
	live, stored := fs.NewState(), fs.NewState()
	for i, e := range randomHistory(11, 600) {
		fs.Fold(live, e)
		fs.Fold(stored, e)
		raw := stored.Append(nil)
		require.NoError(t, fs.Decode(raw, stored))
		require.Equal(t, raw, stored.Append(nil), "event %d", i)
		require.Equal(t, live.Append(nil), raw, "a state that was stored after each event equals one that never was; event %d", i)
	}
}

func TestDecodeRefuses(t *testing.T) {
	fs := features.Default()
	good := foldAll(fs, randomHistory(5, 50)...).Append(nil)
	for n := range good {
		err := fs.Decode(good[:n], fs.NewState())
		if err == nil {
			continue // a cut between sections leaves a smaller, whole state
		}
		require.ErrorIs(t, err, aggregate.ErrCorrupt)
	}
	assert.ErrorContains(t, fs.Decode(append([]byte{9}, good[1:]...), fs.NewState()), "version 9")
	assert.ErrorContains(t, fs.Decode(make([]byte, 2<<20), fs.NewState()), "at most")
}

func set(t *testing.T, lines ...string) *features.FeatureSet {
	t.Helper()
	fs, err := features.Load([]byte("version: 1\nfeatures:\n" + strings.Join(lines, "\n")))
	require.NoError(t, err)
	return fs
}

const (
	defineViews  = "  - {name: views, on: Product Viewed, aggregate: count, windows: [1h, 30d]}"
	defineOrders = "  - {name: orders, on: Order Completed, aggregate: count, windows: [30d]}"
)

func TestRevisionsCarryWhatTheyDoNotKnow(t *testing.T) {
	older, newer := set(t, defineViews), set(t, defineViews, defineOrders)
	s := foldAll(newer, happened("Product Viewed", start), happened("Order Completed", start+hour))
	was := read(t, newer, s, start+2*hour)("orders_30d")

	o := older.NewState()
	require.NoError(t, older.Decode(s.Append(nil), o))
	older.Fold(o, happened("Product Viewed", start+3*hour))
	again := newer.NewState()
	require.NoError(t, newer.Decode(o.Append(nil), again))
	f := read(t, newer, again, start+4*hour)
	assert.Equal(t, was, f("orders_30d"), "the older revision carried it along, at its own time")
	assert.EqualValues(t, 2, f("views_30d"))
	assert.EqualValues(t, start+3*hour, again.LastAt())
}

func TestRenamingDisturbsNothing(t *testing.T) {
	before, after := set(t, defineViews), set(t, strings.Replace(defineViews, "name: views", "name: looks", 1), defineOrders)
	s := after.NewState()
	require.NoError(t, after.Decode(foldAll(before, happened("Product Viewed", start)).Append(nil), s))
	assert.EqualValues(t, 1, read(t, after, s, start)("looks_30d"))
}

func FuzzState(f *testing.F) {
	fs := features.Default()
	f.Add(foldAll(fs, randomHistory(1, 5)...).Append(nil))
	f.Add(foldAll(fs, randomHistory(2, 400)...).Append(nil))
	f.Add(foldAll(fs, wants(start, "退货", "refund", 0.75), happened("Message Sent", start, "text", "ok")).Append(nil))
	f.Add([]byte{1, 0, 0, 0})
	other, err := features.Load([]byte("version: 1\nfeatures:\n" + defineViews))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, fs := range []*features.FeatureSet{fs, other} {
			s := fs.NewState()
			if fs.Decode(raw, s) != nil {
				continue
			}
			first := s.Append(nil)
			again := fs.NewState()
			if err := fs.Decode(first, again); err != nil {
				t.Fatalf("what was encoded does not decode: %v", err)
			}
			if second := again.Append(nil); !bytes.Equal(first, second) {
				t.Fatalf("not stable:\n%x\n%x", first, second)
			}
			fs.Fold(s, happened("Product Viewed", start))
			_ = fs.Read(s, start+day, &features.Moment{}, make([]float32, fs.Len()))
			fs.Merge(s, again)
			s.Append(nil)
		}
	})
}
