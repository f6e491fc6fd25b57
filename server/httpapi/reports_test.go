package httpapi

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/ledger"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

const aDecision = `{"decision_id":"0000-1","customer_id":"c","at":"2026-01-31T11:00:00Z","held":false,"withheld":[],
"actions":[{"id":"0000-1.1","action":"coupon","kind":"coupon","channel":"web","variant":"warm","play":"hesitation","issued_at":"2026-01-31T11:00:00Z"}],
"held_actions":[],"draws":[{"action_id":"0000-1.1","choice":"action:coupon","segment":"","arm":"warm","propensity":0.5,"row":"0"}]}`

const anOutcome = `{"action_id":"0000-1.1","action":"coupon","variant":"warm","play":"hesitation","outcome":"converted","value":20,
"at":"2026-01-31T11:30:00Z","issued_at":"2026-01-31T11:00:00Z"}`

func newReported(t *testing.T) *harness {
	t.Helper()
	driver := memory.New(1)
	outcomes := make([]error, 1)
	change := store.Change{ID: "c", State: []byte("s"), Records: []store.Record{
		{Kind: store.RecordDecision, Data: []byte(aDecision)}, {Kind: store.RecordOutcome, Data: []byte(anOutcome)},
	}}
	require.NoError(t, driver.Commit(t.Context(), 0, []store.Change{change}, outcomes))
	book, err := playbook.Parse([]byte(`
version: 1
actions: {coupon: {kind: coupon, channels: [web], content: {text: "-"}, variants: {plain: {text: a}, warm: {text: b}}}}
plays: [{name: hesitation, ask: true, propose: [coupon]}]
`), playbook.Vocabulary{})
	require.NoError(t, err)
	l := ledger.New(ledger.Options{
		Store: store.New(driver), Playbook: func() *playbook.Playbook { return book }, Learnt: func(*bandit.Table) {},
		Metrics: metrics.New(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon },
	})
	require.NoError(t, l.Step(t.Context()))
	return newHarness(t, func(o *Options) { o.Reports = l })
}

func TestReportOnActions(t *testing.T) {
	h := newReported(t)
	got := h.do("GET", "/reports/actions", "")
	require.Equal(t, http.StatusOK, got.status)
	report := got.json(t)
	row := report["rows"].([]any)[0].(map[string]any)
	require.Equal(t, "warm", row["variant"])
	require.EqualValues(t, 1, row["converted"])
	require.EqualValues(t, 20, row["mean_value"])
	require.Nil(t, row["lift"])
	experiment := report["experiments"].([]any)[0].(map[string]any)
	require.Equal(t, "action:coupon", experiment["choice"])

	require.Empty(t, h.do("GET", "/reports/actions?play=another", "").json(t)["rows"])
	require.Empty(t, h.do("GET", "/reports/actions?since=2026-02-01T00:00:00Z", "").json(t)["rows"])
	require.Len(t, h.do("GET", "/reports/actions?action=coupon&since=2026-01-31T23:00:00Z", "").json(t)["rows"], 1, "days are whole")
}

func TestReportThatCannotBe(t *testing.T) {
	h := newReported(t)
	for target, field := range map[string]string{"?since=yesterday": "since", "?play=%00": "play"} {
		got := h.do("GET", "/reports/actions"+target, "")
		require.Equal(t, http.StatusBadRequest, got.status)
		require.Equal(t, field, got.json(t)["field"])
	}
}
