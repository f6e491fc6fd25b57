package live

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWindowsThatArePastAreForgotten(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	s := spentBudgets{now: func() time.Time { return now }}
	for window := range 1000 {
		key := strconv.Itoa(window)
		s.add(key, now.Add(time.Minute))
		require.True(t, s.has(key))
		now = now.Add(time.Minute)
	}
	require.Len(t, s.until, 1)
}
