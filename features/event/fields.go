package event

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/go-json-experiment/json/jsontext"
)

// topField says how a key of the outermost object is read; with no read it is known and ignored.
type topField struct {
	read        func(d *decoder, field string) error
	historyOnly bool
}

// topLevel holds every key an event may have: ours, Segment's spelling of the same, and those Segment's libraries send that carry
// nothing we keep.
var topLevel map[string]topField

func init() {
	text := func(at func(*Event) *string, limit int) topField {
		return topField{read: func(d *decoder, field string) (err error) {
			*at(d.event), err = d.text(field, limit)
			return err
		}}
	}
	clock := func(at func(*Event) *int64) topField {
		return topField{read: func(d *decoder, field string) (err error) {
			*at(d.event), err = d.time(field)
			return err
		}}
	}
	object := func(at func(*Event) *Object) topField {
		return topField{read: func(d *decoder, field string) (err error) {
			*at(d.event), err = d.object(field)
			return err
		}}
	}
	history := func(f topField) topField { f.historyOnly = true; return f }

	id := text(func(e *Event) *string { return &e.ID }, MaxEventID)
	customer := text(func(e *Event) *string { return &e.CustomerID }, MaxIDBytes)
	anonymous := text(func(e *Event) *string { return &e.AnonymousID }, MaxIDBytes)
	previous := text(func(e *Event) *string { return &e.PreviousID }, MaxIDBytes)
	name := text(func(e *Event) *string { return &e.Name }, MaxName)
	at := clock(func(e *Event) *int64 { return &e.At })
	sent := clock(func(e *Event) *int64 { return &e.SentAt })
	topLevel = map[string]topField{
		"id": id, "messageId": id,
		"type":  text(func(e *Event) *string { return &e.Type }, 16),
		"event": name, "name": name,
		"customer_id": customer, "userId": customer,
		"anonymous_id": anonymous, "anonymousId": anonymous,
		"previous_id": previous, "previousId": previous,
		"at": at, "timestamp": at,
		"sent_at": sent, "sentAt": sent,
		"received_at": history(clock(func(e *Event) *int64 { return &e.ReceivedAt })),
		"channel":     {read: readChannel},
		"properties":  object(func(e *Event) *Object { return &e.Properties }),
		"context":     object(func(e *Event) *Object { return &e.Context }),
		"traits":      object(func(e *Event) *Object { return &e.Traits }),
		"enriched":    history(object(func(e *Event) *Object { return &e.Enriched })),
	}
	for _, ignored := range []string{"integrations", "originalTimestamp", "receivedAt", "version", "_metadata", "writeKey", "category", "groupId"} {
		topLevel[ignored] = topField{}
	}
}

// readChannel keeps a channel of ours; Segment's libraries say "server" or "browser" there, which is kept as well.
func readChannel(d *decoder, field string) (err error) {
	d.event.Channel, err = d.text(field, 64)
	return err
}

func suggestField(key string) string {
	best, distance := "", 1+len(key)/3
	for name, f := range topLevel {
		if n := levenshtein.ComputeDistance(strings.ToLower(key), strings.ToLower(name)); f.read != nil && (n < distance || n == distance && name < best) {
			best, distance = name, n
		}
	}
	if best == "" {
		return "; facts about the event belong into properties"
	}
	return "; did you mean " + best + "?"
}

// pointerField turns a JSON pointer into the dotted path users write.
func pointerField(p jsontext.Pointer) string {
	var parts []string
	for token := range p.Tokens() {
		parts = append(parts, token)
	}
	return strings.Join(parts, ".")
}

// finish normalises a decoded or imported event and checks what concerns more than one field.
func (e *Event) finish() error {
	switch e.Type {
	case "", Track, Page, Screen, Identify, Alias:
	default:
		return fieldError("type", "expected one of track, page, screen, identify, alias, got %q", e.Type)
	}
	e.normalise()
	switch {
	case e.Name == "":
		return fieldError("event", "is required for type track")
	case e.CustomerID == "" && e.AnonymousID == "":
		return fieldError("customer_id", "customer_id or anonymous_id is required")
	case strings.HasPrefix(e.CustomerID, AnonymousPrefix):
		return fieldError("customer_id", "must not begin with %q, which marks anonymous profiles", AnonymousPrefix)
	case e.At == 0:
		return fieldError("at", "is required")
	}
	if err := checkNumbers(e.Properties); err != nil {
		err.Field = "properties." + err.Field
		return err
	}
	return e.adoptSentiment()
}

// checkNumbers refuses text where the vocabulary has a number: folded as missing, it would quietly make a cart worth nothing.
func checkNumbers(properties Object) *FieldError {
	for i := range properties {
		f := &properties[i]
		given := f.Kind != Null && f.Kind != Missing
		switch f.Key {
		case "price", "quantity":
			if given && (f.Kind != Number || f.Num < 0) {
				return fieldError(f.Key, "expected a number of 0 or more")
			}
		case "revenue", "total", "discount", "dwell_seconds":
			if given && f.Kind != Number {
				return fieldError(f.Key, "expected a number")
			}
		case "products":
			for k := range f.Items {
				if err := checkNumbers(f.Items[k].Items); err != nil {
					err.Field = fmt.Sprintf("products[%d].%s", k, err.Field)
					return err
				}
			}
		}
	}
	return nil
}

// adoptSentiment lets a sentiment that the caller already knows stand in for the one our own text model would give.
func (e *Event) adoptSentiment() error {
	if e.Name != MessageReceived && e.Name != MessageSent {
		return nil
	}
	v := e.Properties.Find("sentiment")
	if v == nil || v.Kind == Null || e.Enriched.Find("sentiment") != nil {
		return nil
	}
	if v.Kind != Number || v.Num < -1 || v.Num > 1 {
		return fieldError("properties.sentiment", "expected a number from -1 (negative) to 1 (positive)")
	}
	e.Enriched = e.Enriched.Set("sentiment", *v)
	return nil
}

// Check validates and normalises an event that was built in memory, as an importer does.
func (e *Event) Check() error {
	if e.ReceivedAt == 0 {
		e.ReceivedAt = e.At
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"id", e.ID, MaxEventID}, {"event", e.Name, MaxName}, {"customer_id", e.CustomerID, MaxIDBytes}, {"anonymous_id", e.AnonymousID, MaxIDBytes}} {
		if len(f.value) > f.limit {
			return fieldError(f.name, "has %d bytes, at most %d are accepted", len(f.value), f.limit)
		}
	}
	for _, o := range []Object{e.Properties, e.Context, e.Traits, e.Enriched} {
		if !o.validText() {
			return fieldError("properties", "text must be UTF-8")
		}
	}
	return e.finish()
}
