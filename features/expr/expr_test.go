package expr

import (
	"math"
	"slices"
	"strings"

	"github.com/halfstep-ml/halfstep/features/event"
)

// input is what the tests read names from: columns by place, an event's properties, and tags.
type input struct {
	columns    [6]float64
	name       string
	known      bool
	tags       []string
	properties event.Object
}

var columns = []string{"orders_30d", "spent_30d", "visits_7d", "returns_90d", "age_days", "discount_share"}

// table is a scope over input.
type table struct{}

func (table) Resolve(path []string) (Variable[input], bool) {
	name := strings.Join(path, ".")
	if column, ok := strings.CutPrefix(name, "features."); ok {
		if i := slices.Index(columns, column); i >= 0 {
			return Variable[input]{Type: Number, Number: func(in *input) float64 { return in.columns[i] }}, true
		}
		return Variable[input]{}, false
	}
	switch {
	case name == "event.name":
		return Variable[input]{Type: String, Text: func(in *input) (string, bool) { return in.name, in.name != "" }}, true
	case name == "customer.known":
		return Variable[input]{Type: Bool, Bool: func(in *input) bool { return in.known }}, true
	case name == "tags":
		return Variable[input]{Type: Strings, List: func(in *input) []string { return in.tags }}, true
	case len(path) == 2 && path[0] == "properties":
		key := path[1]
		return Variable[input]{Value: func(in *input) *event.Value { return in.properties.Find(key) }}, true
	}
	return Variable[input]{}, false
}

func (table) Names() []string {
	names := []string{"event.name", "customer.known", "tags"}
	for _, c := range columns {
		names = append(names, "features."+c)
	}
	return names
}

func object(pairs ...any) (out event.Object) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, event.Field{Key: pairs[i].(string), Value: value(pairs[i+1])})
	}
	return out
}

func value(x any) event.Value {
	switch x := x.(type) {
	case string:
		return event.StringValue(x)
	case float64:
		return event.NumberValue(x)
	case int:
		return event.NumberValue(float64(x))
	case bool:
		return event.BoolValue(x)
	case event.Object:
		return event.Value{Kind: event.Map, Items: x}
	case []any:
		v := event.Value{Kind: event.List}
		for _, item := range x {
			v.Items = append(v.Items, event.Field{Value: value(item)})
		}
		return v
	}
	return event.Value{Kind: event.Null}
}

// sample is an input with something of everything.
func sample() *input {
	return &input{
		columns: [6]float64{3, 120.5, 7, math.NaN(), 400, 0.25},
		name:    "Product Added", known: true, tags: []string{"vip", "night_owl"},
		properties: object(
			"path", "/checkout", "price", 19.5, "quantity", 2, "gift", true, "off", false, "nothing", nil, "note", "  Hello WORLD ",
			"a b", "spaced", "amount", "12.50", "id", 7,
			"product", object("sku", "A-1", "maker", object("city", "Wuhan")),
			"products", []any{object("category", "x", "price", 5), object("category", "y", "price", 50), object("price", 1)},
			"codes", []any{"a", 1, true}, "none", []any{},
		),
	}
}
