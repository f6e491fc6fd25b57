package app

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store/archive"
	"github.com/halfstep-ml/halfstep/server/config"
)

func TestTheJournalIsArchivedTrimmedAndScrubbed(t *testing.T) {
	c := config.Default()
	c.Listen, c.Store, c.Archive, c.JournalKeep, c.Sample = "127.0.0.1:0", "memory:", t.TempDir(), 1, false
	a, err := Open(t.Context(), Options{Config: c, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()

	send := func(method, path, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.Addr()+path, bytes.NewBufferString(body))
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	for _, customer := range []string{"stays", "leaves", "stays", "leaves"} {
		require.Equal(t, http.StatusOK, send(http.MethodPost, "/events", `{"event":"Product Viewed","customer_id":"`+customer+`"}`))
	}
	a.keepJournal(t.Context(), time.Now)
	assert.Equal(t, map[string]int{"stays": 2, "leaves": 2}, archivedCustomers(t, c.Archive))
	left := 0
	for shard := range a.store.Shards() {
		entries, err := a.store.ReadJournal(t.Context(), shard, "", 10)
		require.NoError(t, err)
		left += len(entries)
		assert.LessOrEqual(t, len(entries), 1)
	}
	assert.Equal(t, 2, left)

	require.Equal(t, http.StatusNoContent, send(http.MethodDelete, "/customers/leaves", ""))
	assert.Equal(t, map[string]int{"stays": 2}, archivedCustomers(t, c.Archive))
	require.Equal(t, http.StatusOK, send(http.MethodPost, "/events", `{"event":"Product Viewed","customer_id":"late"}`))
	stop()
	require.NoError(t, <-ended)
	assert.Equal(t, map[string]int{"stays": 2, "late": 1}, archivedCustomers(t, c.Archive), "stopping archives the rest")
}

func archivedCustomers(t *testing.T, dir string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for entry, err := range archive.Read(dir) {
		require.NoError(t, err)
		counts[entry.Customer]++
	}
	return counts
}
