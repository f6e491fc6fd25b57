package httpapi

import (
	"context"
	"net/http"

	"github.com/halfstep-ml/halfstep/features/event"
)

// getDecision shows a decision as it was recorded.
func (a *API) getDecision(c *call) error {
	id := c.Param("id")
	if err := checkText("id", id, event.MaxEventID); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
	defer cancel()
	record, found, err := a.engine.Decision(ctx, id)
	switch {
	case err != nil:
		return storeProblem(err)
	case !found:
		return &problem{kind: unknownDecision, field: "id"}
	}
	return c.send(http.StatusOK, record)
}
