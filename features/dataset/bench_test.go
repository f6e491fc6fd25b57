package dataset_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/dataset"
	"github.com/halfstep-ml/halfstep/features/label"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/source"
)

// A point in every session of the GA4 file: whether it ends with an order.
const everySession = `
version: 1
name: every_session
session: context.session_id
points: {random_prefix_of: session, seed: 1}
positive: {event: Order Completed}
horizon: session_end
keys: {session: context.session_id}
`

// open opens a file of the data folder with a mapping that ships.
func open(tb testing.TB, mapping, file string) *source.Source {
	tb.Helper()
	folder := os.Getenv("HALFSTEP_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "datasets")
	}
	path := filepath.Join(folder, file)
	if _, err := os.Stat(path); err != nil && os.Getenv("CI") == "" {
		tb.Skipf("needs %s in the folder that HALFSTEP_DATA names", file)
	}
	m, err := source.ShippedMapping(mapping)
	require.NoError(tb, err)
	s, err := source.Open([]string{path}, source.Options{Mapping: m})
	require.NoError(tb, err)
	return s
}

// BenchmarkReplayGA4 is the whole way from 1.28 million events to a set of 129 thousand points, once an iteration.
func BenchmarkReplayGA4(b *testing.B) {
	labels, err := label.Parse("every_session.yaml", []byte(everySession))
	require.NoError(b, err)
	fs := features.Default()
	var events int64
	for b.Loop() {
		s := open(b, "ga4", "ga4_events_2020-12-19_2021-01-24.csv.zst")
		w, err := dataset.Create(filepath.Join(b.TempDir(), "set.parquet"), dataset.NewMeta("test", fs, labels, nil))
		require.NoError(b, err)
		counts, err := replay.Run(context.Background(), replay.Files(s), fs, labels, replay.Options{}, w.Add)
		require.NoError(b, err)
		require.NoError(b, w.Commit(counts))
		require.Greater(b, counts.Points, int64(100_000))
		events += counts.Events
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
