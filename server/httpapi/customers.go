package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
)

// getCustomer shows what is known of a customer.
func (a *API) getCustomer(c *call) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	at := int64(0)
	if s := c.Query("at"); s != "" {
		if at, err = parseTime("at", s); err != nil {
			return err
		}
	}
	recent, err := recentOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
	defer cancel()
	p, err := a.engine.Profile(ctx, id, at)
	if err != nil {
		return storeProblem(err)
	}
	if recent > 0 {
		if p.Recent, err = a.engine.Recent(ctx, id, recent); err != nil {
			return storeProblem(err)
		}
	}
	c.out = p.AppendJSON(c.out[:0])
	return c.send(http.StatusOK, c.out)
}

// deleteCustomer erases a customer. It says the same whether there was one, so that it can be repeated.
func (a *API) deleteCustomer(c *call) error {
	id, err := customerID(c)
	if err != nil {
		return err
	}
	// What was begun is finished, even when the client leaves.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), a.storeTimeout)
	defer cancel()
	if _, err := a.engine.Erase(ctx, id); err != nil {
		return storeProblem(err)
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// maxRecent is how many records of the journal can be asked for.
const maxRecent = 1000

func recentOf(c *call) (int, error) {
	s := c.Query("recent")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxRecent {
		return 0, fieldError("recent", "expected a whole number from 0 to %d, got %.40q", maxRecent, s)
	}
	return n, nil
}

// customerID is the id of the path: a customer_id, or an anonymous_id behind "anon:".
func customerID(c *call) (string, error) {
	id := c.Param("id")
	return id, checkText("id", id, event.MaxIDBytes+len(event.AnonymousPrefix))
}

func storeProblem(err error) error {
	var request *live.RequestError
	if errors.As(err, &request) {
		return err
	}
	return &problem{kind: storeMissing, cause: err}
}
