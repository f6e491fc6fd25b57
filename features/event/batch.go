package event

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Rejection is an event of a batch that was not accepted.
type Rejection struct {
	Index int    `json:"index"`
	Field string `json:"field,omitempty"`
	Error string `json:"error"`
}

// Batch is a body of events, read.
type Batch struct {
	Events   []Event
	Index    []int // Events[i] stood at Index[i] in the body
	Rejected []Rejection
}

// DecodeBatch reads a body that is one event, an array of events, or one event a line (JSONL). Events that are wrong are rejected
// one by one; an error means that nothing could be read.
func DecodeBatch(body []byte, origin Origin) (Batch, error) {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return Batch{}, fieldError("", "the body is empty; expected an event, an array of events, or one event a line")
	case len(body) > MaxBatchBytes:
		return Batch{}, fieldError("", "the body has %d bytes, at most %d are accepted", len(body), MaxBatchBytes)
	case body[0] == '[':
		return decodeArray(body, origin)
	case body[0] == '{':
		return decodeLines(body, origin)
	}
	return Batch{}, fieldError("", "expected an event, an array of events, or one event a line")
}

// The outer pass only finds where each event ends; what is wrong inside one event must not spoil the others.
var lax = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func decodeArray(body []byte, origin Origin) (Batch, error) {
	var b Batch
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), lax...)
	if _, err := dec.ReadToken(); err != nil {
		return Batch{}, syntaxError(err)
	}
	for i := 0; dec.PeekKind() != ']'; i++ {
		raw, err := dec.ReadValue()
		if err != nil {
			return Batch{}, syntaxError(err)
		}
		if i >= MaxBatch {
			return Batch{}, fieldError("", "the batch has more than %d events", MaxBatch)
		}
		b.add(i, raw, origin)
	}
	if _, err := dec.ReadToken(); err != nil {
		return Batch{}, syntaxError(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return Batch{}, fieldError("", "unexpected data after the array of events")
	}
	return b, nil
}

// decodeLines also takes one event written over several lines: what matters is where a JSON value ends.
func decodeLines(body []byte, origin Origin) (Batch, error) {
	var b Batch
	for i := 0; len(body) > 0; i++ {
		if i >= MaxBatch {
			return Batch{}, fieldError("", "the batch has more than %d events", MaxBatch)
		}
		dec := jsontext.NewDecoder(bytes.NewBuffer(body), lax...)
		raw, err := dec.ReadValue()
		end := int(dec.InputOffset())
		if err != nil {
			line := bytes.IndexByte(body, '\n')
			if line < 0 {
				line = len(body)
			}
			raw, end = body[:line], line
		}
		b.add(i, raw, origin)
		body = bytes.TrimSpace(body[end:])
	}
	return b, nil
}

func (b *Batch) add(i int, raw []byte, origin Origin) {
	e, err := Decode(raw, origin)
	if err != nil {
		var fe *FieldError
		errors.As(err, &fe)
		b.Rejected = append(b.Rejected, Rejection{Index: i, Field: fe.Field, Error: fe.Message})
		return
	}
	b.Events = append(b.Events, e)
	b.Index = append(b.Index, i)
}
