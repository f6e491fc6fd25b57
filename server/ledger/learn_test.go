package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
)

func TestWhatOneServerIsToldAnotherKnowsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := memory.New(64)
		clock := &atomic.Int64{}
		a, b := serve(t, driver, clock, couponsWith(learning, "0")), serve(t, driver, clock, couponsWith(learning, "0"))
		ctx, stop := context.WithCancel(t.Context())
		var work sync.WaitGroup
		work.Go(func() { b.Run(ctx) })
		time.Sleep(time.Second)
		require.InDelta(t, 0.5, b.propensity(), 1e-3)
		a.teach("c", "warm", "", 60)
		time.Sleep(time.Second)
		require.Greater(t, b.propensity(), 0.9)
		stop()
		work.Wait()
	})
}

func TestTablesAreEqualOverRedis(t *testing.T) {
	redis := redistest.Start(t)
	clock := &atomic.Int64{}
	open := func() *server {
		driver, err := redisstore.Open(t.Context(), redisstore.Options{URL: redis.URL(), Shards: 256})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, driver.Close()) })
		return serve(t, driver, clock, couponsWith(learning, "0"))
	}
	a, b := open(), open()
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { b.Run(ctx) })
	defer work.Wait()
	defer stop()
	a.step()
	a.teach("c", "warm", "", 60)
	a.step()
	require.Greater(t, a.propensity(), 0.9)
	require.Eventually(t, func() bool {
		row := b.row("action:coupon", "")
		return row != nil && row.Version == a.row("action:coupon", "").Version
	},
		time.Second, 10*time.Millisecond)
	later := open()
	later.step()
	require.Equal(t, a.row("action:coupon", "").Version, later.row("action:coupon", "").Version, "who starts later knows the same")
}

func TestARestartLearnsTheSame(t *testing.T) {
	driver, clock := memory.New(8), &atomic.Int64{}
	book := couponsWith(learning+", segment: customer.traits.tier", "0.2")
	a := serve(t, driver, clock, book)
	for round := range 10 {
		a.teach(fmt.Sprint("gold-", round), "warm", `{"tier":"gold"}`, 25)
		a.teach(fmt.Sprint("silver-", round), "neither", `{"tier":"silver"}`, 25)
		a.step()
	}
	b := serve(t, driver, clock, book)
	b.step()
	for _, segment := range []string{"gold", "silver", "never seen"} {
		require.NotZero(t, a.row("action:coupon", segment).Version)
		require.Equal(t, a.row("action:coupon", segment), b.row("action:coupon", segment))
	}
	require.Equal(t, a.Report(all), b.Report(all))
	gold, silver := a.row("action:coupon", "gold"), a.row("action:coupon", "silver")
	require.NotZero(t, gold.Arms[1].Rewards)
	require.Zero(t, silver.Arms[1].Rewards, "segments are learnt apart")
	require.NotZero(t, silver.Arms[1].Trials)
}

func TestWhatIsReadAgainChangesNothing(t *testing.T) {
	clock := &atomic.Int64{}
	driver := memory.New(4)
	a := serve(t, driver, clock, couponsWith(learning, "0.3"))
	a.teach("c", "warm", "", 50)
	a.step()
	before, report := a.row("action:coupon", ""), a.Report(all)
	again := serve(t, &repeating{Driver: driver}, clock, couponsWith(learning, "0.3"))
	again.step()
	again.step()
	require.Equal(t, before, again.row("action:coupon", ""))
	require.Equal(t, report, again.Report(all))
}

func TestAHeldActionIsNoTrial(t *testing.T) {
	a := serve(t, memory.New(1), &atomic.Int64{}, couponsWith(learning, "1"))
	for _, customer := range []string{"c", "d"} {
		require.Nil(t, a.ask(customer, ""))
		a.tell(customer, "Order Completed", `{"revenue":10}`)
	}
	a.step()
	for _, arm := range a.row("action:coupon", "").Arms {
		require.Zero(t, arm.Trials)
	}
	got := a.Report(all).Actions[0]
	require.Equal(t, [4]uint64{0, 2, 0, 2}, [4]uint64{got.Issued, got.Held, got.Converted, got.HeldConverted})
}

func TestAWinnerIsPromotedAndLosesItsPlaceAgain(t *testing.T) {
	a := serve(t, memory.New(4), &atomic.Int64{}, couponsWith("mode: bandit, reward: accepted, within: 7d, floor: 0.05, promote_at: 0.99", "0"))
	a.step()
	a.teach("first", "warm", "", 60)
	a.step()
	require.True(t, a.row("action:coupon", "").Promoted)
	require.Equal(t, 1.0, a.propensity())
	a.teach("then", "plain", "", 600) // all get warm, and nobody wants it any more
	a.step()
	require.False(t, a.row("action:coupon", "").Promoted)
	require.Less(t, a.propensity(), 1.0)
}

func TestFrozenKeepsWhatWasLearntUntilThen(t *testing.T) {
	driver, clock := memory.New(4), &atomic.Int64{}
	a := serve(t, driver, clock, couponsWith(learning, "0"))
	a.teach("c", "warm", "", 30)
	a.step()
	learnt := a.propensity()
	clock.Add(int64(time.Minute))
	frozen := couponsWith("mode: frozen, reward: accepted, within: 7d, floor: 0.05, promote_at: 1", "0")
	a.play(frozen)
	a.step()
	require.Equal(t, learnt, a.propensity())
	clock.Add(int64(time.Minute))
	a.teach("d", "plain", "", 200)
	a.step()
	require.Equal(t, learnt, a.propensity())

	b := serve(t, driver, clock, frozen)
	b.step()
	require.Equal(t, a.row("action:coupon", ""), b.row("action:coupon", ""), "a server that starts later knows since when")

	a.play(couponsWith(learning, "0"))
	a.step()
	require.NotEqual(t, learnt, a.propensity(), "thawed, it takes in what came meanwhile")
}

func TestTheChampionIsAlwaysDrawn(t *testing.T) {
	a := serve(t, memory.New(4), &atomic.Int64{}, couponsWith(learning, "0"))
	a.teach("c", "warm", "", 40)
	a.step()
	a.play(couponsWith("mode: champion, reward: accepted, within: 7d", "0"))
	a.step()
	for _, customer := range []string{"x", "y", "z"} {
		got := a.ask(customer, "")
		require.Equal(t, "warm", got.Variant)
		require.Equal(t, 1.0, got.Propensity)
	}
}

func TestAnotherRewardIsLearntFromTheBeginning(t *testing.T) {
	driver, clock := memory.New(4), &atomic.Int64{}
	a := serve(t, driver, clock, couponsWith(learning, "0"))
	a.teach("c", "warm", "", 50)
	a.step()
	require.Greater(t, a.propensity(), 0.9)
	other := couponsWith("mode: bandit, reward: converted, within: 7d, floor: 0.05, promote_at: 1", "0")
	a.play(other)
	a.step()
	for _, arm := range a.row("action:coupon", "").Arms {
		require.Zero(t, arm.Rewards, "nobody bought")
		require.NotZero(t, arm.Trials)
	}
	b := serve(t, driver, clock, other)
	b.step()
	require.Equal(t, b.row("action:coupon", ""), a.row("action:coupon", ""))
	require.Equal(t, b.Report(all), a.Report(all), "nothing is counted twice")
}

func TestARewardCountsWithinItsTime(t *testing.T) {
	a := serve(t, memory.New(1), &atomic.Int64{}, couponsWith("mode: equal, reward: accepted, within: 1h", "0"))
	early, late := a.ask("early", ""), a.ask("late", "")
	a.accept("early", early)
	a.clock.Add(int64(2 * time.Hour))
	a.accept("late", late)
	a.accept("early", early) // said twice
	a.step()
	var rewards uint64
	for _, arm := range a.row("action:coupon", "").Arms {
		rewards += arm.Rewards
	}
	require.EqualValues(t, 1, rewards)
	require.EqualValues(t, 2, a.Report(all).Actions[0].Accepted, "a report counts the late one too")
}
