package dataset_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/dataset"
	"github.com/halfstep-ml/halfstep/features/replay"
)

func meta() dataset.Meta {
	return dataset.Meta{
		Version:  "v1",
		Features: dataset.Features{Revision: "r1", Columns: []dataset.Feature{{Name: "zeta", Hash: "h1"}, {Name: "alpha", Hash: "h2"}}},
		Labels:   dataset.Labels{Name: "task", Keys: []string{"session"}, Draws: true, Digest: "d1", Text: "version: 1\n"},
		Sources:  []dataset.Source{{Name: "events.jsonl", SHA256: "s1"}},
	}
}

// rows makes n rows up.
func rows(n int, add func(*replay.Row) error) error {
	for i := range n {
		v := float32(i)
		if i%3 == 0 {
			v = float32(math.NaN())
		}
		row := replay.Row{Customer: fmt.Sprint("c", i/2), At: int64(i) * 1000, Label: float32(i % 2), Draw: int32(i % 4), Keys: []string{fmt.Sprint("s", i%7)}, Vector: []float32{v, -v}}
		if err := add(&row); err != nil {
			return err
		}
	}
	return nil
}

func write(t *testing.T, path string, m dataset.Meta, n int) {
	t.Helper()
	w, err := dataset.Create(path, m)
	require.NoError(t, err)
	require.NoError(t, rows(n, w.Add))
	require.NoError(t, w.Commit(replay.Counts{Points: int64(n), From: 1}))
	require.NoError(t, w.Abort(), "nothing is left to abort")
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, n := range []int{0, 1, 40_000} { // none, one, and several row groups
		path := filepath.Join(t.TempDir(), "set.parquet")
		write(t, path, meta(), n)
		s, err := dataset.Read(path)
		require.NoError(t, err)
		require.Equal(t, n, s.Rows())
		expected := meta()
		expected.Counts = replay.Counts{Points: int64(n), From: 1}
		assert.Equal(t, expected, s.Meta)
		assert.Equal(t, []string{"zeta", "alpha"}, s.Names)
		i := 0
		require.NoError(t, rows(n, func(r *replay.Row) error {
			require.Equal(t, r.Customer, s.Customers[i])
			require.Equal(t, []any{r.At, r.Label, r.Draw, r.Keys[0]}, []any{s.At[i], s.Labels[i], s.Draws[i], s.Keys["session"][i]})
			for k, v := range s.Vector(i) {
				require.Equal(t, math.Float32bits(r.Vector[k]), math.Float32bits(v))
			}
			i++
			return nil
		}))
	}
}

func TestColumnsStandInTheOrderOfTheVector(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.parquet")
	write(t, path, meta(), 3)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	file, err := parquet.OpenFile(f, info.Size())
	require.NoError(t, err)
	var names []string
	for _, column := range file.Root().Columns() {
		names = append(names, column.Name())
	}
	assert.Equal(t, []string{"customer_id", "at", "label", "draw", "session", "zeta", "alpha"}, names)
	text, ok := file.Lookup("halfstep.features")
	assert.True(t, ok)
	assert.JSONEq(t, `{"revision":"r1","columns":[{"name":"zeta","hash":"h1"},{"name":"alpha","hash":"h2"}]}`, text)
}

func TestTheSameRowsMakeTheSameBytes(t *testing.T) {
	folder := t.TempDir()
	a, b := filepath.Join(folder, "a"), filepath.Join(folder, "b")
	write(t, a, meta(), 20_000)
	write(t, b, meta(), 20_000)
	one, err := os.ReadFile(a)
	require.NoError(t, err)
	other, err := os.ReadFile(b)
	require.NoError(t, err)
	assert.True(t, string(one) == string(other))
}

func TestAnAbortedSetLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "set.parquet")
	write(t, path, meta(), 5)
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	w, err := dataset.Create(path, meta())
	require.NoError(t, err)
	require.NoError(t, rows(20_000, w.Add))
	require.NoError(t, w.Abort())
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after, "the set that was there is still there")
}

func TestColumnsOfOneName(t *testing.T) {
	for _, change := range []func(*dataset.Meta){
		func(m *dataset.Meta) { m.Labels.Keys = []string{"zeta"} },
		func(m *dataset.Meta) { m.Features.Columns[0].Name = "label" },
		func(m *dataset.Meta) { m.Features.Columns[0].Name = "alpha" },
	} {
		m := meta()
		change(&m)
		_, err := dataset.Create(filepath.Join(t.TempDir(), "set.parquet"), m)
		require.ErrorContains(t, err, "two columns of one name")
	}
}

func TestARowOfAnotherShape(t *testing.T) {
	w, err := dataset.Create(filepath.Join(t.TempDir(), "set.parquet"), meta())
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Abort()) }()
	require.ErrorContains(t, w.Add(&replay.Row{Keys: []string{"s"}, Vector: []float32{1}}), "a row has 1 features and 1 keys, expected 2 and 1")
}

func TestWhatIsNoSet(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "set.parquet")
	_, err := dataset.Read(path)
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	_, err = dataset.Read(path)
	require.ErrorContains(t, err, path)

	type other struct{ A int }
	require.NoError(t, parquet.WriteFile(path, []other{{1}}))
	_, err = dataset.Read(path)
	require.ErrorContains(t, err, "no halfstep.version in the metadata; expected a set made by halfstep replay")

	write(t, path, meta(), 1000)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, whole[:len(whole)/2], 0o600))
	_, err = dataset.Read(path)
	require.Error(t, err)
	assert.False(t, errors.Is(err, os.ErrNotExist))
}
