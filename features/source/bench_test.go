package source_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
)

const ga4File = "ga4_events_2020-12-19_2021-01-24.csv.zst"

// rate reports rows a second over the whole file, once an iteration.
func rate(b *testing.B, pass func(s *source.Source) error) {
	var rows int64
	b.ReportAllocs()
	for b.Loop() {
		s, err := source.Open([]string{dataset(b, ga4File)}, source.Options{Mapping: shipped(b, "ga4")})
		require.NoError(b, err)
		require.NoError(b, pass(s))
		rows += s.Stats().Rows
	}
	require.EqualValues(b, 1_280_387*int64(b.N), rows)
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkScanGA4(b *testing.B) {
	rate(b, func(s *source.Source) error {
		return s.Scan(context.Background(), func(source.Row) error { return nil })
	})
}

// BenchmarkScanAndDecodeGA4 does both stages on one goroutine.
func BenchmarkScanAndDecodeGA4(b *testing.B) {
	var events []event.Event
	rate(b, func(s *source.Source) error {
		d := s.NewDecoder()
		return s.Scan(context.Background(), func(r source.Row) error {
			var err error
			events, err = d.Decode(r.Raw, events[:0])
			d.Reset()
			return err
		})
	})
}
