package features

import (
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// occurrence is an event at the moment it is folded: what `where` and `value` can read.
type occurrence struct {
	event     *event.Event
	hour      float64
	day       float64 // since 1970-01-01
	weekday   float64 // 1 Monday to 7 Sunday
	sinceLast float64 // seconds since the customer's newest event; NaN for the first
}

type occurrenceScope struct{}

var occurrenceObjects = map[string]func(*occurrence) event.Object{
	"properties": func(o *occurrence) event.Object { return o.event.Properties },
	"context":    func(o *occurrence) event.Object { return o.event.Context },
	"traits":     func(o *occurrence) event.Object { return o.event.Traits },
	"enriched":   func(o *occurrence) event.Object { return o.event.Enriched },
}

var occurrenceScalars = map[string]expr.Variable[occurrence]{
	"name":                     textVariable(func(o *occurrence) string { return o.event.Name }),
	"type":                     textVariable(func(o *occurrence) string { return o.event.Type }),
	"channel":                  textVariable(func(o *occurrence) string { return o.event.Channel }),
	"hour":                     {Type: expr.Number, Number: func(o *occurrence) float64 { return o.hour }},
	"day":                      {Type: expr.Number, Number: func(o *occurrence) float64 { return o.day }},
	"weekday":                  {Type: expr.Number, Number: func(o *occurrence) float64 { return o.weekday }},
	"seconds_since_last_event": {Type: expr.Number, Number: func(o *occurrence) float64 { return o.sinceLast }},
}

func textVariable[T any](get func(*T) string) expr.Variable[T] {
	return expr.Variable[T]{Type: expr.String, Text: func(in *T) (string, bool) {
		s := get(in)
		return s, s != ""
	}}
}

// Resolve implements expr.Scope.
func (occurrenceScope) Resolve(path []string) (expr.Variable[occurrence], bool) {
	if len(path) == 1 {
		v, ok := occurrenceScalars[path[0]]
		return v, ok
	}
	object, ok := occurrenceObjects[path[0]]
	if !ok {
		return expr.Variable[occurrence]{}, false
	}
	return objectVariable(object, path[1:]), true
}

func objectVariable[T any](object func(*T) event.Object, keys []string) expr.Variable[T] {
	if len(keys) == 1 {
		key := keys[0]
		return expr.Variable[T]{Value: func(in *T) *event.Value { return object(in).Find(key) }}
	}
	return expr.Variable[T]{Value: func(in *T) *event.Value { return object(in).Path(keys) }}
}

// Names implements expr.Scope.
func (occurrenceScope) Names() []string {
	names := []string{"properties", "context", "traits", "enriched"}
	for name := range occurrenceScalars {
		names = append(names, name)
	}
	return names
}

// momentScope is what `request` can read.
type momentScope struct{}

// Resolve implements expr.Scope.
func (momentScope) Resolve(path []string) (expr.Variable[Moment], bool) {
	switch {
	case len(path) == 1 && path[0] == "channel":
		return textVariable(func(m *Moment) string { return m.Channel }), true
	case len(path) == 1 && path[0] == "page":
		return textVariable(func(m *Moment) string { return m.Page }), true
	case len(path) > 1 && path[0] == "context":
		return objectVariable(func(m *Moment) event.Object { return m.Context }, path[1:]), true
	}
	return expr.Variable[Moment]{}, false
}

// Names implements expr.Scope.
func (momentScope) Names() []string { return []string{"channel", "page", "context"} }

// vectorScope is what `derive` and tags can read: the features by name.
type vectorScope struct{ index map[string]int }

// Resolve implements expr.Scope.
func (s vectorScope) Resolve(path []string) (expr.Variable[Vector], bool) {
	if len(path) != 1 {
		return expr.Variable[Vector]{}, false
	}
	i, ok := s.index[path[0]]
	return expr.Variable[Vector]{Type: expr.Number, Number: func(v *Vector) float64 { return float64(v.Values[i]) }}, ok
}

// Names implements expr.Scope.
func (s vectorScope) Names() []string {
	names := make([]string, 0, len(s.index))
	for name := range s.index {
		names = append(names, name)
	}
	return names
}
