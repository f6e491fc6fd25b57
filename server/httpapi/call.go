package httpapi

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/halfstep-ml/halfstep/server/live"
)

// call is one request being answered, and memory that the next one uses again.
type call struct {
	*gin.Context
	id       string // of the request
	in, out  []byte
	json     *body
	requests []live.Request
	answers  []live.Answer
}

// maxKept is how much memory a call may keep.
const maxKept = 64 << 10

// handler puts what all routes share around one: request id, key, limit, metrics, problems. It is one function rather than a chain,
// because every score pays for it.
func (a *API) handler(r route) gin.HandlerFunc {
	m := a.metrics.Route(r.path)
	return func(g *gin.Context) {
		start := time.Now()
		c := a.calls.Get().(*call)
		c.Context = g
		c.id = requestID(g.Request.Header)
		g.Writer.Header()["X-Request-Id"] = []string{c.id}
		if err := a.serve(c, &r); err != nil {
			a.problem(c, err)
		}
		took := time.Since(start)
		m.Done(g.Writer.Status(), took)
		if a.log.Enabled(g, slog.LevelDebug) {
			a.log.Debug("answered", "request_id", c.id, "method", g.Request.Method, "route", r.path, "status", g.Writer.Status(), "took", took)
		}
		a.recycle(c)
	}
}

func (a *API) serve(c *call, r *route) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			a.log.Error("panic", "request_id", c.id, "route", r.path, "panic", fmt.Sprint(caught), "stack", string(debug.Stack()))
			err = &problem{kind: internal}
		}
	}()
	if !r.free {
		if a.inFlight.Add(1) > a.maxInFlight {
			a.inFlight.Add(-1)
			a.metrics.Shed.Inc()
			return &problem{kind: overloaded, detail: "the server is answering as many requests as it may"}
		}
		a.metrics.InFlight.Inc()
		defer func() { a.inFlight.Add(-1); a.metrics.InFlight.Dec() }()
	}
	if err := a.authorize(c.Request, r.role); err != nil {
		return err
	}
	return r.answer(c)
}

func (a *API) recycle(c *call) {
	c.Context = nil
	if cap(c.in) > maxKept || cap(c.out) > maxKept {
		c.in, c.out = nil, nil
	}
	for i := range c.requests {
		c.requests[i] = live.Request{Ask: c.requests[i].Ask[:0]}
	}
	a.calls.Put(c)
}

// read reads the whole body.
func (a *API) read(c *call) ([]byte, error) { return a.readUpTo(c, a.maxBody) }

func (a *API) readUpTo(c *call, limit int) ([]byte, error) {
	r := c.Request
	if coding := first(r.Header, "Content-Encoding"); coding != "" && coding != "identity" {
		return nil, &problem{kind: unknownCoding, field: "Content-Encoding", detail: fmt.Sprintf("got %.40q, expected none", coding)}
	}
	if r.ContentLength > int64(limit) {
		return nil, tooBig(limit)
	}
	c.in = slices.Grow(c.in[:0], int(max(r.ContentLength, 0))+1)
	for {
		n, err := r.Body.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+n]
		switch {
		case len(c.in) > limit:
			return nil, tooBig(limit)
		case errors.Is(err, io.EOF):
			return c.in, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, &problem{kind: tooSlow, detail: "the body did not come in time"}
		case err != nil:
			return nil, &problem{kind: malformed, detail: "the body broke off"}
		}
		if len(c.in) == cap(c.in) {
			c.in = slices.Grow(c.in, len(c.in)+512)
		}
	}
}

func tooBig(limit int) error {
	return &problem{kind: tooLarge, detail: fmt.Sprintf("the body has more than %d bytes", limit)}
}

var (
	typeJSON    = []string{"application/json"}
	typeProblem = []string{"application/problem+json"}
)

// counted is the longest body whose length net/http finds out by itself; a longer one it would send in chunks.
const counted = 2048

// send answers with JSON.
func (c *call) send(status int, json []byte) error {
	h := c.Writer.Header()
	h["Content-Type"] = typeJSON
	if len(json) > counted {
		h["Content-Length"] = []string{strconv.Itoa(len(json))}
	}
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(json) // the client is gone when this fails
	return nil
}

// problem answers with what went wrong.
func (a *API) problem(c *call, err error) {
	p := problemOf(err)
	if p.cause != nil {
		a.log.Error("request failed", "request_id", c.id, "problem", p.slug, "error", p.cause)
	}
	if c.Writer.Written() {
		return
	}
	h := c.Writer.Header()
	h["Content-Type"] = typeProblem
	switch p.status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="halfstep"`)
	}
	c.out = p.appendJSON(c.out[:0], c.id)
	c.Writer.WriteHeader(p.status)
	_, _ = c.Writer.Write(c.out)
}
