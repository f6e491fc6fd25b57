package expr

import (
	"math"

	"github.com/halfstep-ml/halfstep/features/event"
)

// code is a compiled part of an expression. The closure that fits typ is set: number, truth, text or list; of Any, ref when the
// value lies in the input, else value. Closures are not told that they are constant, so constant says it.
type code[T any] struct {
	typ      Type
	constant bool
	number   func(*T) float64        // NaN when missing
	truth    func(*T) bool           // missing is false
	text     func(*T) (string, bool) // false when missing
	list     func(*T) []string
	ref      func(*T) *event.Value // nil when missing
	value    func(*T) event.Value
}

func numberCode[T any](f func(*T) float64) code[T]      { return code[T]{typ: Number, number: f} }
func truthCode[T any](f func(*T) bool) code[T]          { return code[T]{typ: Bool, truth: f} }
func textCode[T any](f func(*T) (string, bool)) code[T] { return code[T]{typ: String, text: f} }
func refCode[T any](f func(*T) *event.Value) code[T]    { return code[T]{typ: Any, ref: f} }
func valueCode[T any](f func(*T) event.Value) code[T]   { return code[T]{typ: Any, value: f} }
func listCode[T any](f func(*T) []string) code[T]       { return code[T]{typ: Strings, list: f} }
func constantNumber[T any](x float64) code[T] {
	return code[T]{typ: Number, constant: true, number: func(*T) float64 { return x }}
}

func constantTruth[T any](x bool) code[T] {
	return code[T]{typ: Bool, constant: true, truth: func(*T) bool { return x }}
}

func constantText[T any](x string, there bool) code[T] {
	return code[T]{typ: String, constant: true, text: func(*T) (string, bool) { return x, there }}
}

// fold evaluates what reads no input once and for all.
func fold[T any](c code[T], args ...code[T]) code[T] {
	for _, arg := range args {
		if !arg.constant {
			return c
		}
	}
	switch c.typ {
	case Number:
		return constantNumber[T](c.number(nil))
	case Bool:
		return constantTruth[T](c.truth(nil))
	case String:
		return constantText[T](c.text(nil))
	}
	return c
}

// variableCode reads a variable.
func variableCode[T any](v Variable[T]) code[T] {
	return code[T]{typ: v.Type, number: v.Number, truth: v.Bool, text: v.Text, list: v.List, ref: v.Value}
}

// asNumber reads c as a number; everything else is missing.
func (c code[T]) asNumber() func(*T) float64 {
	switch {
	case c.typ == Number:
		return c.number
	case c.ref != nil:
		ref := c.ref
		return func(in *T) float64 { return numberOf(ref(in)) }
	case c.value != nil:
		value := c.value
		return func(in *T) float64 { v := value(in); return numberOf(&v) }
	}
	return func(*T) float64 { return math.NaN() }
}

// asTruth reads c as a condition: only true is true.
func (c code[T]) asTruth() func(*T) bool {
	switch {
	case c.typ == Bool:
		return c.truth
	case c.ref != nil:
		ref := c.ref
		return func(in *T) bool { return ref(in).Truth() }
	case c.value != nil:
		value := c.value
		return func(in *T) bool { v := value(in); return v.Truth() }
	}
	return func(*T) bool { return false }
}

// asText reads c as a string; everything else is missing.
func (c code[T]) asText() func(*T) (string, bool) {
	switch {
	case c.typ == String:
		return c.text
	case c.ref != nil:
		ref := c.ref
		return func(in *T) (string, bool) { return textOf(ref(in)) }
	case c.value != nil:
		value := c.value
		return func(in *T) (string, bool) { v := value(in); return textOf(&v) }
	}
	return func(*T) (string, bool) { return "", false }
}

// asValue reads c, whatever its type. Of a list of strings it makes a new list at each reading.
func (c code[T]) asValue() func(*T) event.Value {
	switch c.typ {
	case Number:
		number := c.number
		return func(in *T) event.Value { return numberValue(number(in)) }
	case Bool:
		truth := c.truth
		return func(in *T) event.Value { return event.BoolValue(truth(in)) }
	case String:
		text := c.text
		return func(in *T) event.Value { return textValue(text(in)) }
	case Strings:
		list := c.list
		return func(in *T) event.Value { return listValue(list(in)) }
	}
	if c.value != nil {
		return c.value
	}
	ref := c.ref
	return func(in *T) event.Value {
		if v := ref(in); present(v) {
			return *v
		}
		return event.Value{}
	}
}

func present(v *event.Value) bool {
	return v != nil && v.Kind > event.Null && (v.Kind != event.Number || !math.IsNaN(v.Num))
}

func numberOf(v *event.Value) float64 {
	if v != nil && v.Kind == event.Number {
		return v.Num
	}
	return math.NaN()
}

func textOf(v *event.Value) (string, bool) {
	if v != nil && v.Kind == event.String {
		return v.Str, true
	}
	return "", false
}

func numberValue(x float64) event.Value {
	if math.IsNaN(x) {
		return event.Value{}
	}
	return event.NumberValue(x)
}

func textValue(s string, there bool) event.Value {
	if !there {
		return event.Value{}
	}
	return event.StringValue(s)
}

func listValue(list []string) event.Value {
	items := make(event.Object, len(list))
	for i, s := range list {
		items[i].Value = event.StringValue(s)
	}
	return event.Value{Kind: event.List, Items: items}
}
