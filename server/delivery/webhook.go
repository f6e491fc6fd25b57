package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

const (
	// parallel is how many requests to one webhook are under way at once. A group robot takes some twenty a minute.
	parallel      = 32
	robotParallel = 1
	// maxReply is how much of an answer is read.
	maxReply = 64 << 10
	// longestWait bounds the Retry-After that is honoured.
	longestWait = 10 * time.Minute
)

// webhook sends messages to one address.
type webhook struct {
	config.Webhook
	format  format
	client  *http.Client
	slots   chan struct{} // a place for each request under way
	pace    pace
	metrics *metrics.Webhook
	log     *slog.Logger
	now     func() time.Time
}

// pace is how the time between two attempts grows.
type pace struct{ first, longest time.Duration }

// format makes the request of a message in the way that the receiver expects, and reads its answer.
type format interface {
	request(one *Issued, at time.Time) (address string, header http.Header, body []byte, err error)
	// accepted says whether a 2xx answer means what it says; nil: it does.
	accepted(reply []byte) error
}

func newWebhook(c config.Webhook, p pace, m *metrics.Webhook, log *slog.Logger, now func() time.Time) (*webhook, error) {
	w := &webhook{Webhook: c, pace: p, metrics: m, log: log.With("webhook", c.Name), now: now, slots: make(chan struct{}, robotParallel)}
	switch c.Format {
	case config.FormatDingTalk:
		w.format = dingTalk{address: c.URL, secret: c.Secret}
	case config.FormatWeCom:
		w.format = weCom{address: c.URL}
	default:
		signed, err := newSigned(c.URL, c.Secret)
		if err != nil {
			return nil, err
		}
		w.format = signed
		w.slots = make(chan struct{}, parallel)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() // of its own, so that no webhook waits for another's connections
	transport.MaxIdleConnsPerHost = cap(w.slots)
	w.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w, nil
}

func (w *webhook) wants(one *Issued) bool {
	return len(w.Channels) == 0 || slices.Contains(w.Channels, one.Channel)
}

// deliver sends a message until it is accepted or hopeless. It returns the context's error when it was stopped before either.
func (w *webhook) deliver(ctx context.Context, one *Issued) (attempts int, err error) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier = w.pace.first, w.pace.longest, 2
	var last error
	_, err = backoff.Retry(ctx, func() (struct{}, error) {
		select {
		case w.slots <- struct{}{}:
			defer func() { <-w.slots }()
		case <-ctx.Done():
			return struct{}{}, backoff.Permanent(ctx.Err())
		}
		attempts++
		wait, err := w.attempt(ctx, one)
		last = err
		return struct{}{}, wait.of(err)
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(uint(w.MaxAttempts)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, wait time.Duration) {
			w.metrics.Retried.Inc()
			w.log.Debug("a webhook did not take an action", "action_id", one.ID, "attempt", attempts, "error", last, "again_in", wait)
		}))
	switch {
	case err == nil:
		w.metrics.Delivered.Inc()
		w.metrics.Delay.Observe(w.now().Sub(one.At).Seconds())
		return attempts, nil
	case ctx.Err() != nil:
		return attempts, ctx.Err()
	}
	return attempts, last
}

// attempt sends a message once. A request that was begun is finished when the server stops: it may have been heard.
func (w *webhook) attempt(ctx context.Context, one *Issued) (verdict, error) {
	address, header, body, err := w.format.request(one, w.now())
	if err != nil {
		return never, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return never, hideAddress(err)
	}
	r.Header = header
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "halfstep")
	response, err := w.client.Do(r)
	if err != nil {
		return again, hideAddress(err)
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	switch status := response.StatusCode; {
	case status < 200 || status > 299:
		return judge(response, w.now()), fmt.Errorf("status %d", status)
	case err != nil:
		return again, fmt.Errorf("read the answer: %w", hideAddress(err))
	}
	return again, w.format.accepted(reply)
}

// hideAddress keeps an address out of logs and lists: the key to a robot stands in it.
func hideAddress(err error) error {
	var about *url.Error
	if errors.As(err, &about) {
		return about.Err
	}
	return err
}
