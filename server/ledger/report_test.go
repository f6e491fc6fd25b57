package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/ledger"
)

var all ledger.Filter

// repeating is a store whose journal begins again with every page that was already read.
type repeating struct{ store.Driver }

func (r *repeating) ReadJournals(ctx context.Context, after []string, _ int, page func(int, []store.Entry) error) error {
	for shard := range after {
		for range 2 {
			entries, err := r.ReadJournal(ctx, shard, "", 10_000)
			if err != nil {
				return err
			}
			if err := page(shard, entries); err != nil {
				return err
			}
		}
	}
	return nil
}

// rate makes each n-th trial succeed, so that a rate is met as closely as can be.
type rate struct {
	of     float64
	trials int
}

func (r *rate) next() bool {
	r.trials++
	return int(r.of*float64(r.trials)) > int(r.of*float64(r.trials-1))
}

func TestTwoThousandCustomers(t *testing.T) {
	const learning = "mode: bandit, reward: converted, within: 7d, floor: 0.05, promote_at: 1"
	a := serve(t, memory.New(16), &atomic.Int64{}, couponsWith(learning, "0.2"))
	a.step()
	truth := map[string]*rate{"plain": {of: 0.10}, "warm": {of: 0.30}, "": {of: 0.04}}
	late := 0
	for i := range 2000 {
		customer, wording := fmt.Sprintf("c-%d", i), ""
		if got := a.ask(customer, ""); got != nil {
			wording = got.Variant
			if i >= 1500 && wording == "warm" {
				late++
			}
		}
		if truth[wording].next() {
			a.tell(customer, "Order Completed", `{"revenue":10}`)
		}
		if i%50 == 0 {
			a.step()
		}
	}
	a.step()
	require.Greater(t, a.propensity(), 0.8)
	require.Greater(t, float64(late), 0.8*0.75*500, "the better one is what most got")

	report := a.Report(all)
	require.True(t, report.Complete)
	require.Len(t, report.Rows, 2)
	for _, row := range report.Rows {
		of := truth[row.Variant]
		got := row.Rates.Converted
		require.EqualValues(t, of.trials, row.Issued)
		require.True(t, got.Low < of.of && of.of < got.High, "%s: %+v covers %v", row.Variant, got, of.of)
		require.InDelta(t, 10, *row.MeanValue, 1e-9)
	}
	total := report.Actions[0]
	require.EqualValues(t, 2000, total.Issued+total.Held)
	require.EqualValues(t, truth[""].trials, total.Held)
	require.Greater(t, total.Lift.Low, 0.0, "the coupon helps")
	expected := total.Rates.Converted.Value - total.HeldConversion.Value
	require.InDelta(t, expected, total.Lift.Value, 1e-9)

	experiment := report.Experiments[0]
	require.Equal(t, "action:coupon", experiment.Choice)
	require.False(t, experiment.Suspicious, "%v", experiment.SampleRatio)
	require.NotNil(t, experiment.SampleRatio)
	var drawn uint64
	var sum float64
	for _, arm := range experiment.Arms {
		drawn, sum = drawn+arm.Drawn, sum+*arm.Expected
	}
	require.EqualValues(t, 2000, drawn)
	require.InDelta(t, 2000, sum, 1e-6)
}

func TestDrawsThatDoNotMeetTheirPropensitiesAreSuspicious(t *testing.T) {
	driver := memory.New(1)
	a := serve(t, driver, &atomic.Int64{}, couponsWith(learning, "0"))
	arms := []string{"plain", "plain", "plain", "warm"}
	for n := range 200 {
		arm := arms[n%len(arms)]
		put(t, driver, fmt.Sprintf("c-%d", n), store.Record{Kind: store.RecordDecision, Data: fmt.Appendf(nil,
			`{"actions":[{"id":"%[1]d.1","action":"coupon","variant":"%[2]s","play":"always","issued_at":"2026-03-10T11:00:00Z"}],"held_actions":[],
			"draws":[{"action_id":"%[1]d.1","choice":"action:coupon","segment":"","arm":"%[2]s","propensity":0.5,"row":"0"}]}`, n, arm)})
	}
	a.step()
	got := a.Report(all).Experiments[0]
	require.True(t, got.Suspicious)
	require.Less(t, *got.SampleRatio, 0.001)
	require.InDelta(t, 100, *got.Arms[0].Expected, 1e-9)
}

func TestAReportIsFiltered(t *testing.T) {
	clock := &atomic.Int64{}
	driver := memory.New(4)
	a := serve(t, driver, clock, couponsWith(learning, "0"))
	a.teach("old", "warm", "", 10)
	clock.Add(int64(48 * time.Hour))
	a.teach("new", "warm", "", 5)
	a.step()
	issued := func(f ledger.Filter) (n uint64) {
		for _, row := range a.Report(f).Rows {
			n += row.Issued
		}
		return n
	}
	require.EqualValues(t, 15, issued(all))
	require.EqualValues(t, 5, issued(ledger.Filter{Since: noon.Add(24 * time.Hour)}))
	require.EqualValues(t, 15, issued(ledger.Filter{Play: "always", Action: "coupon"}))
	require.Zero(t, issued(ledger.Filter{Play: "other"}))
	require.Zero(t, issued(ledger.Filter{Action: "other"}))

	clock.Add(int64(90 * 24 * time.Hour))
	require.Zero(t, issued(all), "it goes back 90 days")
}

func TestNothingToTellIsNull(t *testing.T) {
	a := serve(t, memory.New(4), &atomic.Int64{}, couponsWith(learning, "0"))
	require.False(t, a.Report(all).Complete)
	require.NotNil(t, a.ask("c", ""))
	a.step()
	raw, err := json.Marshal(a.Report(all))
	require.NoError(t, err)
	require.Contains(t, string(raw), `"lift":null`)
	require.Contains(t, string(raw), `"mean_value":null`)
	require.Contains(t, string(raw), `"sample_ratio_p":null`)
}

func TestRecordsThatCannotBeReadAreLeftOut(t *testing.T) {
	driver := memory.New(1)
	a := serve(t, driver, &atomic.Int64{}, couponsWith(learning, "0"))
	put(t, driver, "c",
		store.Record{Kind: store.RecordDecision, Data: []byte(`{"actions":[{"id":7}]}`)}, store.Record{Kind: store.RecordOutcome, Data: []byte(`{`)})
	a.teach("d", "warm", "", 20)
	a.step()
	require.EqualValues(t, 20, a.Report(all).Actions[0].Issued)
	require.NoError(t, testutil.GatherAndCompare(a.registry, strings.NewReader(`
# HELP halfstep_ledger_unreadable_total Records of the journal that could not be read for reports and learning.
# TYPE halfstep_ledger_unreadable_total counter
halfstep_ledger_unreadable_total 2
`), "halfstep_ledger_unreadable_total"))
}

func TestOutcomesAreCountedFromTheStartOn(t *testing.T) {
	driver, clock := memory.New(1), &atomic.Int64{}
	before := serve(t, driver, clock, couponsWith(learning, "0"))
	before.accept("c", before.ask("c", ""))
	a := serve(t, driver, clock, couponsWith(learning, "0"))
	a.step()
	n, err := testutil.GatherAndCount(a.registry, "halfstep_outcomes_total")
	require.NoError(t, err)
	require.Zero(t, n, "what happened before is no news")
	before.accept("d", before.ask("d", ""))
	a.step()
	n, err = testutil.GatherAndCount(a.registry, "halfstep_outcomes_total")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = testutil.GatherAndCount(a.registry, "halfstep_arm_best_probability")
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

// put writes records that no engine made.
func put(t *testing.T, d store.Driver, customer string, records ...store.Record) {
	t.Helper()
	outcomes := make([]error, 1)
	change := store.Change{ID: customer, State: []byte("s"), Records: records}
	require.NoError(t, d.Commit(t.Context(), store.ShardOf(customer, d.Shards()), []store.Change{change}, outcomes))
	require.NoError(t, outcomes[0])
}

func TestAValueBeyondAllMeasureLeavesAReportReadable(t *testing.T) {
	var clock atomic.Int64
	s := serve(t, memory.New(4), &clock, couponsWith(learning, "0"))
	for i, value := range []string{"1e306", "-1e306", "5"} {
		customer := fmt.Sprint("c", i)
		a := s.ask(customer, "")
		s.tell(customer, "Action Converted", fmt.Sprintf(`{"action_id":%q,"value":%s}`, a.ID, value))
	}
	s.step()
	r := s.Report(all)
	_, err := json.Marshal(r)
	require.NoError(t, err)
	require.EqualValues(t, 3, r.Actions[0].Converted)
	require.InDelta(t, 5, r.Actions[0].Value, 1e-9)
}
