package httpapi

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/why"
)

// pasts answers the same for every decision.
type pasts struct {
	report *why.Report
	err    error
}

func (p pasts) Why(context.Context, string) (*why.Report, error) { return p.report, p.err }

func TestWhy(t *testing.T) {
	record := []byte(`{"decision_id":"d","customer_id":"c","at":"2026-01-31T12:00:00.000Z","proactive":false,"vector":"00","predictions":{},"degraded":[],
		"revisions":{"features":"f","playbook":"p"}}`)
	report, err := why.Compare(record, []byte(`{"vector":"01"}`))
	require.NoError(t, err)
	for _, test := range []struct {
		pasts
		status int
		want   string
	}{
		{pasts{report: report}, 200, `"difference":"vector: recorded \"00\", again \"01\""`},
		{pasts{err: live.ErrNoDecision}, 404, "unknown-decision"},
		{pasts{err: fmt.Errorf("the bundle churn@3 %w", live.ErrNotKept)}, 409, "the bundle churn@3 that the decision was made by is not kept"},
		{pasts{err: live.ErrNothingDecided}, 409, "nothing was decided"},
		{pasts{err: errors.New("no store")}, 500, "internal"},
	} {
		h := newHarness(t, func(o *Options) { o.Pasts = test.pasts })
		got := h.do("GET", "/decisions/0000-1/why", "")
		require.Equal(t, test.status, got.status, "%s", got.body)
		require.Contains(t, string(got.body), test.want)
	}
}
