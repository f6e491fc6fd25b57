package offpolicy_test

import (
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/server/offpolicy"
)

// impression is one row of the Open Bandit Dataset (Saito, Aihara, Matsutani and Narita 2021, "Open Bandit Dataset and Pipeline", NeurIPS
// datasets and benchmarks).
type impression struct {
	item, place       string
	click, propensity float64
}

// impressions reads one of its files. Without the data the test is skipped, but never in CI.
func impressions(t *testing.T, name string) []impression {
	t.Helper()
	folder := os.Getenv("HALFSTEP_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "datasets")
	}
	if _, err := os.Stat(folder); err != nil && os.Getenv("CI") == "" {
		t.Skip("no real data: set HALFSTEP_DATA to the folder that holds it")
	}
	file, err := os.Open(filepath.Join(folder, name))
	require.NoError(t, err)
	defer file.Close()
	plain, err := zstd.NewReader(file)
	require.NoError(t, err)
	defer plain.Close()
	rows := csv.NewReader(plain)
	header, err := rows.Read()
	require.NoError(t, err)
	require.Equal(t, []string{"item_id", "position", "click", "propensity_score"}, header[2:6])
	var all []impression
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		i := impression{item: row[2], place: row[3]}
		i.click, err = strconv.ParseFloat(row[4], 64)
		require.NoError(t, err)
		i.propensity, err = strconv.ParseFloat(row[5], 64)
		require.NoError(t, err)
		all = append(all, i)
	}
}

func clicks(all []impression) (mean float64) {
	for _, i := range all {
		mean += i.click / float64(len(all))
	}
	return mean
}

// habits is how often a log shows each item in each place: the policy that made it, on average.
func habits(all []impression) map[[2]string]float64 {
	shown, places := map[[2]string]float64{}, map[string]float64{}
	for _, i := range all {
		shown[[2]string{i.item, i.place}]++
		places[i.place]++
	}
	for at := range shown {
		shown[at] /= places[at[1]]
	}
	return shown
}

// evaluate estimates a target policy, which depends on item and place alone, from a log.
func evaluate(t *testing.T, logged []impression, target func(impression) float64, policy map[[2]string]float64) offpolicy.Report {
	var model offpolicy.Means
	for n, i := range logged {
		model.Add(strconv.Itoa(n), i.item, i.click)
	}
	e := offpolicy.New(1)
	for n, i := range logged {
		unit := strconv.Itoa(n)
		s := offpolicy.Sample{Unit: unit, Reward: i.click, Logged: i.propensity, Target: target(i), Expected: model.Expect(unit, i.item)}
		for at, p := range policy {
			if at[1] == i.place {
				s.Direct += p * model.Expect(unit, at[0])
			}
		}
		require.NoError(t, e.Add(s))
	}
	return e.Report()
}

func TestOpenBandit(t *testing.T) {
	random, bts := impressions(t, "obd_random_women.csv.zst"), impressions(t, "obd_bts_women.csv.zst")
	require.Len(t, random, 10_000)
	require.Len(t, bts, 10_000)
	uniform := map[[2]string]float64{}
	for at := range habits(random) {
		uniform[at] = 1. / 46
	}

	t.Run("random from its own log is its click rate", func(t *testing.T) {
		r := evaluate(t, random, func(i impression) float64 { return i.propensity }, uniform)
		assert.InDelta(t, 10_000, r.Effective, 1e-6)
		assert.InDelta(t, clicks(random), r.IPS.Value, 1e-12)
		assert.InDelta(t, clicks(random), r.SNIPS.Value, 1e-12)
		assert.InDelta(t, clicks(random), r.DR.Value, 5e-4)
	})
	t.Run("bts from the random log", func(t *testing.T) {
		policy := habits(bts)
		r := evaluate(t, random, func(i impression) float64 { return policy[[2]string{i.item, i.place}] }, policy)
		t.Logf("bts clicks %.5f; %+v", clicks(bts), r)
		assert.True(t, r.SNIPS.Low <= clicks(bts) && clicks(bts) <= r.SNIPS.High, "SNIPS %v", r.SNIPS)
		assert.True(t, r.DR.Low <= clicks(bts) && clicks(bts) <= r.DR.High, "DR %v", r.DR)
		verdict, doubt := r.Verdict(offpolicy.DefaultDemands())
		assert.Equal(t, offpolicy.CannotTell, verdict, "%s", doubt)
	})
	t.Run("random from the log of bts", func(t *testing.T) {
		r := evaluate(t, bts, func(impression) float64 { return 1. / 46 }, uniform)
		t.Logf("random clicks %.5f; %+v", clicks(random), r)
		verdict, doubt := r.Verdict(offpolicy.DefaultDemands())
		assert.Equal(t, offpolicy.CannotTell, verdict)
		assert.Equal(t, offpolicy.FewSamples, doubt, "one impression of propensity 1e-6 outweighs all others")
	})
}
