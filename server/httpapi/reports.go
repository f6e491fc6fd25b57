package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/halfstep-ml/halfstep/server/ledger"
)

// Reports says what became of actions.
type Reports interface {
	Report(ledger.Filter) ledger.Report
}

// maxFilter bounds what a report may be asked about.
const maxFilter = 200

// getActionReport reports on actions.
func (a *API) getActionReport(c *call) error {
	filter := ledger.Filter{Play: c.Query("play"), Action: c.Query("action")}
	for field, name := range map[string]string{"play": filter.Play, "action": filter.Action} {
		if name == "" {
			continue
		}
		if err := checkText(field, name, maxFilter); err != nil {
			return err
		}
	}
	if since := c.Query("since"); since != "" {
		ms, err := parseTime("since", since)
		if err != nil {
			return err
		}
		filter.Since = time.UnixMilli(ms)
	}
	body, err := json.Marshal(a.reports.Report(filter))
	if err != nil {
		return fmt.Errorf("write a report: %w", err)
	}
	return c.send(http.StatusOK, body)
}
