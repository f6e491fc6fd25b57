package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/halfstep-ml/halfstep/server/live"
)

const maxIdempotencyKey = 255

// postScore answers one request.
func (a *API) postScore(c *call) error {
	raw, err := a.read(c)
	if err != nil {
		return err
	}
	c.json.reset(raw)
	if err := c.json.score("", &c.requests[0], a.engine.Now()); err != nil {
		return err
	}
	if err := c.json.end(); err != nil {
		return err
	}
	if c.requests[0].IdempotencyKey, err = idempotencyKey(c); err != nil {
		return err
	}
	if err := a.engine.Score(c.requests[:1], c.answers[:1]); err != nil {
		return err
	}
	c.out = c.answers[0].AppendJSON(c.out[:0])
	return c.send(http.StatusOK, c.out)
}

// postScoreBatch answers many requests at once. Under an Idempotency-Key each of them has a key of its own: the key and its place.
func (a *API) postScoreBatch(c *call) error {
	raw, err := a.read(c)
	if err != nil {
		return err
	}
	c.json.reset(raw)
	requests, err := c.json.scores(nil, a.engine.Now())
	if err != nil {
		return err
	}
	if err := c.json.end(); err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	for i := range requests {
		if key != "" {
			requests[i].IdempotencyKey = key + "/" + strconv.Itoa(i)
		}
	}
	answers := make([]live.Answer, len(requests))
	if err := a.engine.Score(requests, answers); err != nil {
		var bad *live.RequestError
		if errors.As(err, &bad) {
			bad.Field = fmt.Sprintf("requests[%d].%s", bad.Index, bad.Field)
		}
		return err
	}
	c.out = append(slices.Grow(c.out[:0], 1024*len(answers)), `{"answers":[`...)
	for i := range answers {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.out = answers[i].AppendJSON(c.out)
	}
	c.out = append(c.out, `]}`...)
	return c.send(http.StatusOK, c.out)
}

func idempotencyKey(c *call) (string, error) {
	key := first(c.Request.Header, "Idempotency-Key")
	if len(key) > maxIdempotencyKey {
		return "", fieldError("Idempotency-Key", "has %d bytes, at most %d are accepted", len(key), maxIdempotencyKey)
	}
	return key, nil
}
