package label

import (
	"strconv"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// anyEvent as a name picks every event.
const anyEvent = "*"

// selector picks events of one name, or those of them for which where holds.
type selector struct {
	name  string
	where *expr.Predicate[event.Event] // nil: all
}

// selectors pick what any of them picks.
type selectors []selector

func (s selectors) pick(e *event.Event) bool {
	for i := range s {
		if (s[i].name == e.Name || s[i].name == anyEvent) && (s[i].where == nil || s[i].where.Eval(e)) {
			return true
		}
	}
	return false
}

// scope is what expressions read of an event.
type scope struct{}

var objects = map[string]func(*event.Event) event.Object{
	"properties": func(e *event.Event) event.Object { return e.Properties },
	"context":    func(e *event.Event) event.Object { return e.Context },
	"traits":     func(e *event.Event) event.Object { return e.Traits },
	"enriched":   func(e *event.Event) event.Object { return e.Enriched },
}

var texts = map[string]func(*event.Event) string{
	"name":         func(e *event.Event) string { return e.Name },
	"type":         func(e *event.Event) string { return e.Type },
	"channel":      func(e *event.Event) string { return e.Channel },
	"customer_id":  func(e *event.Event) string { return e.CustomerID },
	"anonymous_id": func(e *event.Event) string { return e.AnonymousID },
}

// Resolve implements expr.Scope.
func (scope) Resolve(path []string) (expr.Variable[event.Event], bool) {
	if text, ok := texts[path[0]]; ok && len(path) == 1 {
		return expr.Variable[event.Event]{Type: expr.String, Text: func(e *event.Event) (string, bool) {
			s := text(e)
			return s, s != ""
		}}, true
	}
	object, ok := objects[path[0]]
	if !ok || len(path) == 1 {
		return expr.Variable[event.Event]{}, false
	}
	keys := path[1:]
	return expr.Variable[event.Event]{Value: func(e *event.Event) *event.Value { return object(e).Path(keys) }}, true
}

// Names implements expr.Scope.
func (scope) Names() []string {
	names := []string{"properties", "context", "traits", "enriched"}
	for name := range texts {
		names = append(names, name)
	}
	return names
}

// keyText is a value as a key: text as it is, numbers as they were written, "" for what is missing or no single value.
func keyText(v event.Value) string {
	switch v.Kind {
	case event.String:
		return v.Str
	case event.Number:
		if v.Str != "" {
			return v.Str
		}
		return strconv.FormatFloat(v.Num, 'g', -1, 64)
	case event.Bool:
		return strconv.FormatBool(v.Num != 0)
	}
	return ""
}
