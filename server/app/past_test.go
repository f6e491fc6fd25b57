package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/why"
)

const once = `version: 1
actions: {call: {kind: call, channels: [web], value: 5}}
plays: [{name: save, ask: true, when: 'predictions.churn >= 0', propose: [{action: call, likelihood: predictions.churn}]}]
`

// TestADecisionIsMadeAgainAfterEverythingHasChanged makes a decision, puts another playbook, other features and another server in place,
// and looks back.
func TestADecisionIsMadeAgainAfterEverythingHasChanged(t *testing.T) {
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "features.yaml")
	write := func(text []byte) { require.NoError(t, os.WriteFile(file, text, 0o600)) }
	write(features.DefaultFile())
	settings := func(o *Options) { o.Config.Store, o.Config.Features = "pebble:"+folder, file }
	r := start(t, settings)
	put := func(text string) {
		status, body := r.do("PUT", "/playbook", text)
		require.Equal(t, 200, status, body)
	}
	put(once)
	status, body := r.do("POST", "/score", `{"customer_id":"c","channel":"web","events":[{"event":"Order Completed","properties":{"revenue":5}}]}`)
	require.Equal(t, 200, status, body)
	var decision struct {
		ID      string            `json:"decision_id"`
		Actions []json.RawMessage `json:"actions"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &decision))
	require.Len(t, decision.Actions, 1, body)
	again := func() (report why.Report) {
		status, body := r.do("GET", "/decisions/"+decision.ID+"/why", "")
		require.Equal(t, 200, status, body)
		require.NoError(t, json.Unmarshal([]byte(body), &report))
		return report
	}
	report := again()
	require.True(t, report.Identical, report.Difference)

	write(bytes.Replace(features.DefaultFile(), []byte("features:\n"), []byte("features:\n  - {name: things, on: '*', aggregate: count, windows: [1h]}\n"), 1))
	require.NoError(t, r.Reload(t.Context()))
	put("version: 1\nactions: {mail: {kind: mail, channels: [web], value: 1}}\nplays: [{name: p, ask: true, propose: [mail]}]\n")
	report = again()
	require.True(t, report.Identical, report.Difference)

	status, body = r.do("GET", "/decisions/0000-01ARZ3NDEKTSV4RRFFQ69G5FAV/why", "")
	require.Equal(t, 404, status, body)
	require.NoError(t, r.stop())

	c := config.Default()
	c.Store = "pebble:" + folder
	offline, err := Why(t.Context(), c, decision.ID)
	require.NoError(t, err)
	require.True(t, offline.Identical, offline.Difference)
	var out bytes.Buffer
	require.NoError(t, why.Print(&out, offline))
	for _, want := range []string{"asked for on \"web\"", "1 events folded", "prediction", "by churn@1", "issued", "call by save: worth", "likely to leave", "\nidentical\n"} {
		require.Contains(t, out.String(), want)
	}

	c.Bundles = t.TempDir()
	_, err = Why(t.Context(), c, decision.ID)
	require.ErrorIs(t, err, live.ErrNotKept)
	require.Regexp(t, `the bundle \w+@1 that the decision was made by is not kept`, err.Error())
}

func TestAPlaybookThatIsNotKeptIsCalledThat(t *testing.T) {
	opened := store.New(memory.New(1))
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	p := &pasts{shelf: &shelf{meta: opened}}
	_, err := p.Playbook(t.Context(), "0123456789abcdef", playbook.Vocabulary{Features: features.Default()})
	require.ErrorIs(t, err, live.ErrNotKept)
	require.ErrorContains(t, err, "0123456789abcdef")
}
