package sample_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/source/sample"
)

func TestSampleIsSmallAndWhole(t *testing.T) {
	info, err := os.Stat("events.jsonl.zst")
	require.NoError(t, err)
	assert.LessOrEqual(t, info.Size(), int64(300<<10))

	customers, ids, names := map[string]bool{}, map[string]bool{}, map[string]int{}
	var last int64
	for e, err := range sample.Events(time.Time{}) {
		require.NoError(t, err)
		customers[e.CustomerID] = true
		ids[e.ID] = true
		names[e.Name]++
		require.GreaterOrEqual(t, e.ReceivedAt, last, "in order of arrival")
		last = e.ReceivedAt
	}
	assert.Len(t, customers, sample.Customers)
	assert.Len(t, ids, 1536)
	assert.Equal(t, 1536, names["Order Completed"]+names["Order Refunded"])
	assert.Positive(t, names["Order Refunded"])
	assert.Equal(t, "2011-12-08T17:24:00Z", time.UnixMilli(last).UTC().Format(time.RFC3339))
}

func TestSampleMovesByWholeWeeks(t *testing.T) {
	until := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var last time.Time
	for e, err := range sample.Events(until) {
		require.NoError(t, err)
		require.Equal(t, e.At, e.ReceivedAt)
		last = time.UnixMilli(e.At).UTC()
	}
	assert.True(t, last.Before(until) && last.After(until.Add(-7*24*time.Hour)), last)
	assert.Equal(t, time.Thursday, last.Weekday(), "as it was")
	assert.Equal(t, 17, last.Hour())
}
