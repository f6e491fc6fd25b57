package event

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends the event in the form that the journal keeps: our field names, in one fixed order, times in UTC to the
// millisecond. Decode with Origin.History reads back the same event.
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, "id", e.ID)
	dst = appendText(dst, "type", e.Type)
	dst = appendText(dst, "event", e.Name)
	dst = appendText(dst, "customer_id", e.CustomerID)
	dst = appendText(dst, "anonymous_id", e.AnonymousID)
	dst = appendText(dst, "previous_id", e.PreviousID)
	dst = appendTime(dst, "at", e.At)
	dst = appendTime(dst, "received_at", e.ReceivedAt)
	dst = appendTime(dst, "sent_at", e.SentAt)
	dst = appendText(dst, "channel", e.Channel)
	dst = appendObject(dst, "properties", e.Properties)
	dst = appendObject(dst, "context", e.Context)
	dst = appendObject(dst, "traits", e.Traits)
	dst = appendObject(dst, "enriched", e.Enriched)
	return append(dst, '}')
}

func appendKey(dst []byte, key string) []byte {
	if last := dst[len(dst)-1]; last != '{' {
		dst = append(dst, ',')
	}
	dst = appendQuoted(dst, key)
	return append(dst, ':')
}

func appendText(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return appendQuoted(appendKey(dst, key), s)
}

// appendQuoted cannot fail: every string of an event was checked to be UTF-8 when it came in.
func appendQuoted(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

func appendTime(dst []byte, key string, ms int64) []byte {
	if ms == 0 {
		return dst
	}
	dst = append(appendKey(dst, key), '"')
	dst = time.UnixMilli(ms).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	return append(dst, '"')
}

func appendObject(dst []byte, key string, o Object) []byte {
	if len(o) == 0 {
		return dst
	}
	return o.AppendJSON(appendKey(dst, key))
}

// AppendJSON appends the object as JSON, keys in their order.
func (o Object) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range o {
		dst = o[i].Value.AppendJSON(appendKey(dst, o[i].Key))
	}
	return append(dst, '}')
}

// AppendJSON appends the value as JSON; a missing value is null.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind {
	case Bool:
		return strconv.AppendBool(dst, v.Num != 0)
	case Number:
		if v.Str != "" {
			return append(dst, v.Str...)
		}
		return strconv.AppendFloat(dst, v.Num, 'g', -1, 64)
	case String:
		return appendQuoted(dst, v.Str)
	case Map:
		return v.Items.AppendJSON(dst)
	case List:
		dst = append(dst, '[')
		for i := range v.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.Items[i].Value.AppendJSON(dst)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}
