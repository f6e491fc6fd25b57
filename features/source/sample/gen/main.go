// Command gen makes the shipped sample out of the whole Online Retail table, which it takes from the folder HALFSTEP_DATA:
//
//	HALFSTEP_DATA=../shared/datasets go run ./features/source/sample/gen
package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
	"github.com/halfstep-ml/halfstep/features/source/sample"
)

const (
	table = "online_retail_events.csv.zst"
	out   = "features/source/sample/events.jsonl.zst"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	lines, err := excerpt(ctx, filepath.Join(os.Getenv("HALFSTEP_DATA"), table))
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	packed := z.EncodeAll(lines, nil)
	if err := os.WriteFile(out, packed, 0o644); err != nil {
		return fmt.Errorf("write the sample: %w", err)
	}
	fmt.Printf("%s: %d events, %d bytes\n", out, bytes.Count(lines, []byte{'\n'}), len(packed))
	return nil
}

// excerpt is every event of the chosen customers, as JSONL in order of arrival.
func excerpt(ctx context.Context, path string) ([]byte, error) {
	m, err := source.ShippedMapping("online_retail")
	if err != nil {
		return nil, err
	}
	s, err := source.Open([]string{path}, source.Options{Mapping: m})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	if err := s.Scan(ctx, func(r source.Row) error { known[string(r.Customer)] = true; return nil }); err != nil {
		return nil, err
	}
	chosen := choose(known)
	d := s.NewDecoder()
	var lines []byte
	var events []event.Event
	err = s.Scan(ctx, func(r source.Row) (err error) {
		if !chosen[string(r.Customer)] {
			return nil
		}
		if events, err = d.Decode(r.Raw, events[:0]); err != nil {
			return err
		}
		for i := range events {
			lines = append(events[i].AppendJSON(lines), '\n')
		}
		return nil
	})
	return lines, err
}

// choose takes customers by the hash of their id: at random, but the same ones every time.
func choose(known map[string]bool) map[string]bool {
	ids := make([]string, 0, len(known))
	for id := range known {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(xxhash.Sum64String(a), xxhash.Sum64String(b)) })
	chosen := map[string]bool{}
	for _, id := range ids[:min(len(ids), sample.Customers)] {
		chosen[id] = true
	}
	return chosen
}
