package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// The sample that ships is what the generator makes of the table.
func TestSampleIsUpToDate(t *testing.T) {
	folder := os.Getenv("HALFSTEP_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "..", "shared", "datasets")
	}
	if _, err := os.Stat(folder); err != nil && os.Getenv("CI") == "" {
		t.Skip("no real data: set HALFSTEP_DATA to the folder that holds it")
	}
	want, err := excerpt(context.Background(), filepath.Join(folder, table))
	require.NoError(t, err)
	packed, err := os.ReadFile(filepath.Join("..", "events.jsonl.zst"))
	require.NoError(t, err)
	z, err := zstd.NewReader(nil)
	require.NoError(t, err)
	defer z.Close()
	got, err := z.DecodeAll(packed, nil)
	require.NoError(t, err)
	require.True(t, string(want) == string(got), "run: go run ./features/source/sample/gen")
}
