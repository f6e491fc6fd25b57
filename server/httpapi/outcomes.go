package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
)

var outcomeFields = []string{"decision_id", "action_id", "outcome", "value", "at"}

// postOutcome takes what became of an action.
func (a *API) postOutcome(c *call) error {
	raw, err := a.read(c)
	if err != nil {
		return err
	}
	c.json.reset(raw)
	told, err := c.json.outcome()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), a.storeTimeout)
	defer cancel()
	done, err := a.engine.Tell(ctx, told)
	switch {
	case errors.Is(err, live.ErrNoDecision):
		return &problem{kind: unknownDecision, field: "decision_id", detail: "expected a decision_id and the id of one of its actions as /score, /events or a stream gave them"}
	case err != nil:
		return storeProblem(err)
	}
	w := jsonObject{dst: append(c.out[:0], '{')}
	w.integer("accepted", done.Accepted)
	w.integer("duplicates", done.Duplicates)
	w.actions(done.Actions)
	c.out = append(w.dst, '}')
	return c.send(http.StatusOK, c.out)
}

// actions writes what events brought about, when they brought about anything.
func (w *jsonObject) actions(list []byte) {
	if len(list) > 0 {
		w.key("actions")
		w.dst = append(append(append(w.dst, '['), list...), ']')
	}
}

func (b *body) outcome() (told live.Told, err error) {
	err = b.object("", outcomeFields, func(key, field string) (err error) {
		switch key {
		case "decision_id":
			told.DecisionID, err = b.text(field, event.MaxEventID)
		case "action_id":
			told.ActionID, err = b.text(field, event.MaxEventID)
		case "outcome":
			if told.Outcome, err = b.text(field, maxName); err == nil && !slices.Contains(live.OutcomeNames(), told.Outcome) {
				err = fieldError(field, "expected one of %s, got %q", strings.Join(live.OutcomeNames(), ", "), told.Outcome)
			}
		case "value":
			told.Value, err = b.number(field)
			told.HasValue = true
		case "at":
			var s string
			if s, err = b.text(field, 64); err == nil {
				told.At, err = parseTime(field, s)
			}
		}
		return err
	})
	if err == nil {
		err = b.end()
	}
	for _, required := range [...]struct{ field, value string }{
		{"decision_id", told.DecisionID}, {"action_id", told.ActionID}, {"outcome", told.Outcome},
	} {
		if err == nil && required.value == "" {
			err = fieldError(required.field, "is required")
		}
	}
	return told, err
}

// maxValue is what sums of millionths can hold many of.
const maxValue = 1e9

func (b *body) number(field string) (float64, error) {
	if b.dec.PeekKind() != '0' {
		return 0, b.wrong(field, "a number")
	}
	token, err := b.dec.ReadToken()
	if err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(token.String(), 64)
	if err != nil || math.Abs(f) > maxValue {
		return 0, fieldError(field, "expected a number from %g to %g", -maxValue, maxValue)
	}
	return f, nil
}
