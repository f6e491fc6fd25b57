package ledger_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store/memory"
)

// kept has a server know something that the journal has forgotten since.
func kept(t *testing.T, driver *memory.Driver, clock *atomic.Int64, book string) *server {
	t.Helper()
	a := serve(t, driver, clock, book)
	a.step()
	a.teach("c", "warm", `{"tier":"gold"}`, 60)
	pending := a.ask("late", `{"tier":"gold"}`)
	clock.Add(int64(time.Minute))
	a.step()
	for shard := range driver.Shards() {
		_, err := driver.TrimJournal(t.Context(), shard, 0, "")
		require.NoError(t, err)
	}
	if pending != nil {
		a.accept("late", pending)
	}
	a.step()
	return a
}

func TestWhatIsTrimmedIsNotForgotten(t *testing.T) {
	for _, mode := range []string{"bandit", "frozen"} {
		driver, clock := memory.New(8), &atomic.Int64{}
		book := couponsWith(fmt.Sprintf("mode: %s, reward: accepted, within: 7d, floor: 0.05, promote_at: 1, segment: customer.traits.tier", mode), "0.1")
		a := kept(t, driver, clock, book)
		b := serve(t, driver, clock, book)
		b.step()
		require.NotZero(t, a.row("action:coupon", "gold").Arms[1].Rewards)
		require.Equal(t, a.row("action:coupon", "gold"), b.row("action:coupon", "gold"))
		require.Equal(t, a.row("action:coupon", "new"), b.row("action:coupon", "new"))
		require.Equal(t, a.Report(all), b.Report(all))
	}
}

func TestUnderAnotherRewardOnlyTheJournalTeaches(t *testing.T) {
	driver, clock := memory.New(8), &atomic.Int64{}
	a := kept(t, driver, clock, couponsWith(learning, "0"))
	b := serve(t, driver, clock, couponsWith("mode: bandit, reward: converted, within: 7d, floor: 0.05, promote_at: 1", "0"))
	b.step()
	require.Zero(t, b.row("action:coupon", "").Arms[1].Trials)
	require.Equal(t, a.Report(all).Rows, b.Report(all).Rows, "counts go by no rules")
}

func TestACheckpointThatCannotBeReadIsPassedOver(t *testing.T) {
	driver, clock := memory.New(2), &atomic.Int64{}
	a := serve(t, driver, clock, couponsWith(learning, "0"))
	a.teach("c", "warm", "", 20)
	a.step()
	raw, err := driver.Meta(t.Context(), "ledger.checkpoint")
	require.NoError(t, err)
	for _, wrong := range [][]byte{[]byte("{}"), raw[:len(raw)/2], nil} {
		if wrong == nil {
			driver = memory.New(3) // as many shards as nothing that was saved has
			wrong = raw
		}
		old, err := driver.Meta(t.Context(), "ledger.checkpoint")
		require.NoError(t, err)
		done, err := driver.SetMeta(t.Context(), "ledger.checkpoint", old, wrong)
		require.NoError(t, err)
		require.True(t, done)
		b := serve(t, driver, clock, couponsWith(learning, "0"))
		b.step()
		if driver.Shards() == 2 {
			require.Equal(t, a.Report(all), b.Report(all))
		} else {
			require.Empty(t, b.Report(all).Rows)
		}
	}
}
