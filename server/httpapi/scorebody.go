package httpapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
)

const (
	maxScores   = 256 // of a batch
	maxAsk      = 32
	maxActions  = 10
	maxKinds    = 32
	maxDeadline = 60_000 // milliseconds
	maxPage     = 2048
	maxName     = 100
)

var (
	scoreFields = []string{"customer_id", "anonymous_id", "channel", "page", "context", "events", "ask", "actions", "mode", "explain", "deadline_ms", "at"}
	actionField = []string{"max", "kinds"}
	batchFields = []string{"requests"}
)

// scoreReader reads one request of /score.
type scoreReader struct {
	*body
	request     *live.Request
	customer    string
	anonymous   string
	events      []byte // read last: they belong to the customer
	eventsField string
}

func (b *body) score(path string, request *live.Request, receivedAt int64) error {
	r := scoreReader{body: b, request: request}
	*request = live.Request{Ask: request.Ask[:0], Events: request.Events[:0]}
	if err := b.object(path, scoreFields, r.member); err != nil {
		return err
	}
	return r.finish(path, receivedAt)
}

func (r *scoreReader) member(key, field string) (err error) {
	q := r.request
	switch key {
	case "customer_id":
		r.customer, err = r.text(field, event.MaxIDBytes)
	case "anonymous_id":
		r.anonymous, err = r.text(field, event.MaxIDBytes)
	case "channel":
		q.Moment.Channel, err = r.text(field, maxName)
		q.Moment.Channel = strings.ToLower(q.Moment.Channel)
	case "page":
		q.Moment.Page, err = r.text(field, maxPage)
	case "context":
		q.Moment.Context, err = r.facts(field)
	case "events":
		if r.dec.PeekKind() != '[' {
			return r.wrong(field, "a list of events")
		}
		r.eventsField = field
		r.events, err = r.value()
	case "ask":
		err = r.list(field, maxAsk, func(_ int, field string) error {
			task, err := r.text(field, maxName)
			q.Ask = append(q.Ask, task)
			return err
		})
	case "actions":
		err = r.actions(field)
	case "mode":
		err = r.mode(field)
	case "explain":
		q.Explain, err = r.truth(field)
	case "deadline_ms":
		var ms int
		ms, err = r.integer(field, 1, maxDeadline)
		q.Deadline = time.Duration(ms) * time.Millisecond
	case "at":
		var s string
		if s, err = r.text(field, 64); err == nil {
			q.At, err = parseTime(field, s)
		}
	}
	return err
}

func (r *scoreReader) facts(field string) (event.Object, error) {
	if r.dec.PeekKind() != '{' {
		return nil, r.wrong(field, "an object")
	}
	raw, err := r.value()
	if err != nil {
		return nil, err
	}
	if len(raw) > event.MaxEventBytes {
		return nil, fieldError(field, "has %d bytes, at most %d are accepted", len(raw), event.MaxEventBytes)
	}
	o, err := event.DecodeObject(raw)
	if err != nil {
		return nil, under(field, err)
	}
	return o, nil
}

// under puts the path of a part in front of the field that an error names.
func under(path string, err error) error {
	var fe *event.FieldError
	if !errors.As(err, &fe) {
		return err
	}
	return &event.FieldError{Field: strings.TrimSuffix(path+"."+strings.TrimPrefix(fe.Field, "."), "."), Message: fe.Message}
}

func (r *scoreReader) mode(field string) error {
	mode, err := r.text(field, maxName)
	if err == nil && mode != "decide" && mode != "preview" {
		return fieldError(field, "expected decide or preview, got %q", mode)
	}
	r.request.Preview = mode == "preview"
	return err
}

// actions reads which actions are wanted.
func (r *scoreReader) actions(field string) error {
	wish := &r.request.Actions
	switch r.dec.PeekKind() {
	case '"':
		s, err := r.text(field, maxName)
		if err == nil && s != "none" {
			return fieldError(field, `expected "none" or an object with max and kinds, got %q`, s)
		}
		wish.None = true
		return err
	case '{':
		return r.object(field, actionField, func(key, field string) (err error) {
			if key == "max" {
				wish.Max, err = r.integer(field, 0, maxActions)
				wish.None = wish.Max == 0
				return err
			}
			return r.list(field, maxKinds, func(_ int, field string) error {
				kind, err := r.text(field, maxName)
				wish.Kinds = append(wish.Kinds, kind)
				return err
			})
		})
	}
	return r.wrong(field, `"none" or an object`)
}

// finish checks what concerns more than one field and reads the events.
func (r *scoreReader) finish(path string, receivedAt int64) error {
	q := r.request
	switch {
	case r.customer == "" && r.anonymous == "":
		return fieldError(join(path, "customer_id"), "customer_id or anonymous_id is required")
	case strings.HasPrefix(r.customer, event.AnonymousPrefix):
		return fieldError(join(path, "customer_id"), "must not begin with %q, which marks anonymous profiles", event.AnonymousPrefix)
	case q.At != 0 && !q.Preview:
		return fieldError(join(path, "at"), "is only for mode preview")
	}
	q.Customer = event.CustomerKey(r.customer, r.anonymous)
	if r.events == nil {
		return nil
	}
	batch, err := event.DecodeBatch(r.events, event.Origin{ReceivedAt: receivedAt, CustomerID: r.customer, AnonymousID: r.anonymous})
	if err != nil {
		return under(r.eventsField, err)
	}
	if len(batch.Rejected) > 0 {
		bad := batch.Rejected[0]
		return under(fmt.Sprintf("%s[%d]", r.eventsField, bad.Index), &event.FieldError{Field: bad.Field, Message: bad.Error})
	}
	for i := range batch.Events {
		e := &batch.Events[i]
		if e.CustomerID == "" {
			e.CustomerID = r.customer // who the request is about is who its events are about
		}
		e.AssignID()
	}
	if i := slices.IndexFunc(batch.Events, func(e event.Event) bool { return e.Key() != q.Customer }); i >= 0 {
		return fieldError(fmt.Sprintf("%s[%d].customer_id", r.eventsField, i), "is of another customer than the request's; send it to /events")
	}
	q.Events = batch.Events
	return nil
}

// scores reads the requests of a batch.
func (b *body) scores(dst []live.Request, receivedAt int64) ([]live.Request, error) {
	err := b.object("", batchFields, func(_, field string) error {
		return b.list(field, maxScores, func(i int, field string) error {
			if i < cap(dst) {
				dst = dst[:i+1]
			} else {
				dst = append(dst, live.Request{})
			}
			return b.score(field, &dst[i], receivedAt)
		})
	})
	if err == nil && len(dst) == 0 {
		err = fieldError("requests", "expected 1 to %d requests", maxScores)
	}
	return dst, err
}
