package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/delivery"
)

const (
	// heartbeat is how often a stream says that it lives.
	heartbeat = 15 * time.Second
	// streamPatience is how long a client of a stream may take for what was written.
	streamPatience = 10 * time.Second
)

// Deliveries brings proactive actions to clients.
type Deliveries interface {
	Subscribe(ctx context.Context, filter delivery.Filter, since time.Time) (*delivery.Stream, error)
	Dead(ctx context.Context) (letters []delivery.DeadLetter, total uint64, err error)
}

// getActionStream sends proactive actions as they are issued, until the client leaves or the stream is ended.
func (a *API) getActionStream(c *call) error {
	filter, since, err := streamRequest(c)
	if err != nil {
		return err
	}
	opening, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
	defer cancel()
	s, err := a.deliveries.Subscribe(opening, filter, since)
	switch {
	case errors.Is(err, delivery.ErrTooManyStreams):
		return &problem{kind: overloaded, detail: err.Error()}
	case errors.Is(err, delivery.ErrStopping):
		return &problem{kind: notReady, detail: err.Error()}
	case err != nil:
		return storeProblem(err)
	}
	defer s.Close()
	w := newEventWriter(c)
	if err := w.open(s); err != nil {
		return nil // the client is gone, and the head of the answer with it
	}
	a.stream(c, s, w)
	return nil
}

// stream writes until somebody has enough.
func (a *API) stream(c *call, s *delivery.Stream, w *eventWriter) {
	ticker := time.NewTicker(a.heartbeat)
	defer ticker.Stop()
	for err := error(nil); err == nil; {
		select {
		case m := <-s.Messages():
			err = w.action(m)
		case <-ticker.C:
			err = w.beat(s)
		case <-s.Ended():
			a.log.Info("a stream of actions was ended", "request_id", c.id, "reason", s.Reason())
			_ = w.write("event: end\ndata: {\"reason\":%q}\n\n", s.Reason()) // it may be gone
			return
		case <-c.Request.Context().Done():
			return
		}
	}
}

func streamRequest(c *call) (filter delivery.Filter, since time.Time, err error) {
	filter = delivery.Filter{Channel: c.Query("channel"), Customer: c.Query("customer_id")}
	if filter.Channel != "" {
		err = checkText("channel", filter.Channel, 100)
	}
	if filter.Customer != "" && err == nil {
		err = checkText("customer_id", filter.Customer, event.MaxIDBytes+len(event.AnonymousPrefix))
	}
	if last := c.GetHeader("Last-Event-ID"); last != "" && err == nil {
		ms, parseErr := strconv.ParseInt(last, 10, 64)
		if parseErr != nil || ms <= 0 {
			err = fieldError("Last-Event-ID", "expected the id of an earlier message of this stream, got %.40q", last)
		}
		since = time.UnixMilli(ms)
	}
	return filter, since, err
}

// eventWriter writes server-sent events.
type eventWriter struct {
	to      http.ResponseWriter
	control *http.ResponseController
}

func newEventWriter(c *call) *eventWriter {
	return &eventWriter{to: c.Writer, control: http.NewResponseController(c.Writer)}
}

// open writes the head, what the client missed, and the time to resume from when nothing else comes.
func (w *eventWriter) open(s *delivery.Stream) error {
	// The server's limits are for requests that end. A test's recorder has none to lift.
	_ = w.control.SetReadDeadline(time.Time{})
	h := w.to.Header()
	h["Content-Type"] = []string{"text/event-stream"}
	h["Cache-Control"] = []string{"no-store"}
	h["X-Accel-Buffering"] = []string{"no"}
	w.to.WriteHeader(http.StatusOK)
	if err := w.write("retry: 2000\n\n"); err != nil {
		return err
	}
	if !s.Gap.IsZero() {
		if err := w.write("event: gap\ndata: {\"complete_from\":%q}\n\n", s.Gap.UTC().Format(time.RFC3339Nano)); err != nil {
			return err
		}
	}
	for _, m := range s.Missed {
		if err := w.action(m); err != nil {
			return err
		}
	}
	return w.beat(s)
}

func (w *eventWriter) action(m delivery.Message) error {
	return w.write("event: action\nid: %d\ndata: %s\n\n", m.At.UnixMilli(), m.Data)
}

// beat is a comment, with a place to resume from: a client for whom there is seldom anything would otherwise have to look far back.
func (w *eventWriter) beat(s *delivery.Stream) error {
	if len(s.Messages()) > 0 {
		return w.write(": heartbeat\n\n")
	}
	return w.write(": heartbeat\nid: %d\n\n", s.Position().UnixMilli())
}

func (w *eventWriter) write(format string, args ...any) error {
	_ = w.control.SetWriteDeadline(time.Now().Add(streamPatience))
	if _, err := fmt.Fprintf(w.to, format, args...); err != nil {
		return err
	}
	return w.control.Flush()
}

// getDead lists what webhooks would not take.
func (a *API) getDead(c *call) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
	defer cancel()
	letters, total, err := a.deliveries.Dead(ctx)
	if err != nil {
		return storeProblem(err)
	}
	c.out, err = json.Marshal(map[string]any{"dead": letters, "total": total})
	if err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	return c.send(http.StatusOK, c.out)
}
