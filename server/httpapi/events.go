package httpapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/config"
)

// postEvents takes one event, an array of them, or one a line. With ?history=true they are an import: they say themselves when they
// were received.
func (a *API) postEvents(c *call) error {
	raw, err := a.read(c)
	if err != nil {
		return err
	}
	origin, take := event.Origin{ReceivedAt: a.engine.Now()}, a.engine.Ingest
	if c.Query("history") == "true" {
		if err := a.authorize(c.Request, config.Admin); err != nil {
			return err
		}
		origin, take = event.Origin{History: true}, a.engine.Import
	}
	batch, err := event.DecodeBatch(raw, origin)
	if err != nil {
		return err
	}
	a.metrics.Rejected.Add(float64(len(batch.Rejected)))
	if len(batch.Events) == 0 && len(batch.Rejected) == 1 && bytes.TrimSpace(raw)[0] == '{' {
		// The body was one event, so nothing of it could be read.
		bad := batch.Rejected[0]
		return &event.FieldError{Field: bad.Field, Message: bad.Error}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), a.storeTimeout)
	defer cancel()
	done := take(ctx, batch.Events)
	if len(done.Failed) > 0 {
		failed := make([]int, len(done.Failed))
		for i, at := range done.Failed {
			failed[i] = batch.Index[at]
		}
		return &problem{kind: notStored, failed: failed, cause: done.Err}
	}
	w := jsonObject{dst: append(c.out[:0], '{')}
	w.integer("accepted", done.Accepted)
	w.integer("duplicates", done.Duplicates)
	w.rejections("rejected", batch.Rejected)
	w.actions(done.Actions)
	c.out = append(w.dst, '}')
	return c.send(http.StatusOK, c.out)
}

func (w *jsonObject) rejections(name string, rejected []event.Rejection) {
	w.key(name)
	w.dst = append(w.dst, '[')
	for i, r := range rejected {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		one := jsonObject{dst: append(w.dst, '{')}
		one.integer("index", r.Index)
		one.text("field", r.Field)
		one.text("error", r.Error)
		w.dst = append(one.dst, '}')
	}
	w.dst = append(w.dst, ']')
}
