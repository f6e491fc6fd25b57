package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/why"
)

// Pasts makes past decisions again.
type Pasts interface {
	Why(ctx context.Context, id string) (*why.Report, error)
}

// getWhy says of what a decision was made, and whether it comes out the same when it is made again.
func (a *API) getWhy(c *call) error {
	id := c.Param("id")
	if err := checkText("id", id, event.MaxEventID); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
	defer cancel()
	report, err := a.pasts.Why(ctx, id)
	switch {
	case errors.Is(err, live.ErrNoDecision):
		return &problem{kind: unknownDecision, field: "id"}
	case errors.Is(err, live.ErrNotKept), errors.Is(err, live.ErrNothingDecided):
		return &problem{kind: notKept, detail: err.Error()}
	case err != nil:
		return &problem{kind: internal, detail: "the decision cannot be made again", cause: err}
	}
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, text)
}
