package event

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// FieldError names the field of an event that is wrong and says what was expected.
type FieldError struct {
	Field   string
	Message string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

func fieldError(field, format string, args ...any) *FieldError {
	return &FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// Origin says how far an event's own word is taken.
type Origin struct {
	// ReceivedAt is when the event reached us, Unix milliseconds; 0 takes `at`.
	ReceivedAt int64
	// History lets an importer or a journal supply received_at and enriched itself.
	History bool
	// CustomerID and AnonymousID are whose the event is when it names nobody.
	CustomerID, AnonymousID string
}

type decoder struct {
	dec   *jsontext.Decoder
	src   bytes.Buffer
	event *Event
	keys  int
	most  int // keys
}

var decoders = sync.Pool{New: func() any { return &decoder{dec: jsontext.NewDecoder(new(bytes.Buffer))} }}

// Decode reads one event, strictly: an unknown field, a wrong type, a duplicate key, a value out of range or beyond the limits is
// an error, always a *FieldError. The event holds no part of raw.
func Decode(raw []byte, origin Origin) (Event, error) {
	bytesLimit, keysLimit := MaxEventBytes, MaxKeys
	if origin.History { // what was accepted has grown since, by what the server added to it
		bytesLimit, keysLimit = 2*MaxEventBytes, 2*MaxKeys
	}
	if len(raw) > bytesLimit {
		return Event{}, fieldError("", "event has %d bytes, at most %d are accepted", len(raw), bytesLimit)
	}
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	var e Event
	d.event, d.keys, d.most = &e, 0, keysLimit
	d.src = *bytes.NewBuffer(raw)
	d.dec.Reset(&d.src)
	if err := d.decode(origin); err != nil {
		return Event{}, err
	}
	if e.CustomerID == "" && e.AnonymousID == "" {
		e.CustomerID, e.AnonymousID = origin.CustomerID, origin.AnonymousID
	}
	if e.At == 0 {
		e.At = origin.ReceivedAt
	}
	if e.ReceivedAt == 0 {
		e.ReceivedAt = origin.ReceivedAt
	}
	if e.ReceivedAt == 0 {
		e.ReceivedAt = e.At
	}
	if err := e.finish(); err != nil {
		return Event{}, err
	}
	return e, nil
}

// DecodeObject reads a JSON object under the limits of an event. The error is a *FieldError.
func DecodeObject(raw []byte) (Object, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.keys, d.most = 0, MaxKeys
	d.src = *bytes.NewBuffer(raw)
	d.dec.Reset(&d.src)
	o, err := d.object("")
	if err != nil {
		return nil, syntaxError(err)
	}
	return o, d.end()
}

func (d *decoder) decode(origin Origin) error {
	if d.dec.PeekKind() != '{' {
		if _, err := d.dec.ReadToken(); err != nil {
			return syntaxError(err)
		}
		return fieldError("", "expected a JSON object")
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return syntaxError(err)
	}
	for d.dec.PeekKind() != '}' {
		name, err := d.dec.ReadToken()
		if err != nil {
			return syntaxError(err)
		}
		key := name.String()
		f, ok := topLevel[key]
		switch {
		case !ok:
			return fieldError(key, "unknown field%s", suggestField(key))
		case f.read == nil || d.dec.PeekKind() == 'n':
			err = d.dec.SkipValue()
		case f.historyOnly && !origin.History:
			return fieldError(key, "is set by the server; only imports of history may supply it")
		default:
			err = f.read(d, key)
		}
		if err != nil {
			return syntaxError(err)
		}
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return syntaxError(err)
	}
	return d.end()
}

func (d *decoder) end() error {
	if rest := bytes.TrimSpace(d.dec.UnreadBuffer()); len(rest) > 0 {
		return fieldError("", "unexpected data after the event")
	}
	return nil
}

// syntaxError passes field errors through and words the parser's own as one.
func syntaxError(err error) error {
	if fe, ok := err.(*FieldError); ok {
		return fe
	}
	if se, ok := err.(*jsontext.SyntacticError); ok {
		return fieldError(pointerField(se.JSONPointer), "malformed JSON at byte %d: %v", se.ByteOffset, se.Err)
	}
	return fieldError("", "malformed JSON: %v", err)
}

func (d *decoder) text(field string, limit int) (string, error) {
	if d.dec.PeekKind() != '"' {
		return "", d.wrongType(field, "a string")
	}
	tok, err := d.dec.ReadToken()
	if err != nil {
		return "", err
	}
	s := tok.String()
	if s == "" {
		return "", fieldError(field, "must not be empty")
	}
	if len(s) > limit {
		return "", fieldError(field, "has %d bytes, at most %d are accepted", len(s), limit)
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return "", fieldError(field, "must not contain control characters")
		}
	}
	return s, nil
}

// The years that a time may lie in. Outside them a time is a mistake of unit or of parsing, not history.
const (
	minYear = 1970
	maxYear = 2200
)

func (d *decoder) time(field string) (int64, error) {
	s, err := d.text(field, 64)
	if err != nil {
		return 0, err
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fieldError(field, "expected an RFC 3339 time such as 2026-01-31T08:30:00Z, got %q", s)
	}
	if y := t.UTC().Year(); y < minYear || y > maxYear {
		return 0, fieldError(field, "year %d is outside %d to %d", y, minYear, maxYear)
	}
	return max(t.UnixMilli(), 1), nil
}

func (d *decoder) wrongType(field, expected string) error {
	got := map[jsontext.Kind]string{'n': "null", 't': "true", 'f': "false", '"': "a string", '0': "a number", '{': "an object", '[': "a list"}[d.dec.PeekKind()]
	if got == "" {
		_, err := d.dec.ReadToken()
		return syntaxError(err)
	}
	return fieldError(field, "expected %s, got %s", expected, got)
}

func (d *decoder) object(field string) (Object, error) {
	if d.dec.PeekKind() != '{' {
		return nil, d.wrongType(field, "an object")
	}
	v, err := d.value(field, 1)
	return v.Items, err
}

func (d *decoder) value(field string, depth int) (Value, error) {
	if depth > MaxDepth {
		return Value{}, fieldError(field, "is nested deeper than %d levels", MaxDepth)
	}
	kind := d.dec.PeekKind()
	tok, err := d.dec.ReadToken()
	if err != nil {
		return Value{}, err
	}
	switch kind {
	case 'n':
		return Value{Kind: Null}, nil
	case 't', 'f':
		return BoolValue(tok.Bool()), nil
	case '"':
		return StringValue(tok.String()), nil
	case '0':
		return parseNumber(field, tok.String())
	case '[':
		return d.items(field, depth, Value{Kind: List, Items: Object{}}, ']')
	default:
		return d.items(field, depth, Value{Kind: Map, Items: Object{}}, '}')
	}
}

func (d *decoder) items(field string, depth int, v Value, end jsontext.Kind) (Value, error) {
	for d.dec.PeekKind() != end {
		if d.keys++; d.keys > d.most {
			return Value{}, fieldError(field, "the event has more than %d keys and list elements", d.most)
		}
		var f Field
		if v.Kind == Map {
			tok, err := d.dec.ReadToken()
			if err != nil {
				return Value{}, err
			}
			f.Key = tok.String()
		}
		name := field
		if v.Kind == Map && depth == 1 {
			name = field + "." + f.Key
		}
		var err error
		if f.Value, err = d.value(name, depth+1); err != nil {
			return Value{}, err
		}
		v.Items = append(v.Items, f)
	}
	_, err := d.dec.ReadToken()
	return v, err
}

func parseNumber(field, text string) (Value, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return Value{}, fieldError(field, "number %.40s is out of range", text)
	}
	return Value{Kind: Number, Num: f, Str: text}, nil
}

// validText reports whether every string in the object is UTF-8; importers build objects without going through the JSON parser.
func (o Object) validText() bool {
	for i := range o {
		if !utf8.ValidString(o[i].Key) || !utf8.ValidString(o[i].Str) || !o[i].Items.validText() {
			return false
		}
	}
	return true
}
