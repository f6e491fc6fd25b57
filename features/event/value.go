package event

import (
	"math"
	"strings"
)

// Kind is the type of a Value.
type Kind uint8

// The kinds of values: those of JSON, and Missing for what is not there.
const (
	Missing Kind = iota
	Null
	Bool
	Number
	String
	List
	Map
)

// Value is a JSON value. The zero Value is Missing.
type Value struct {
	Kind Kind
	// Num is the number, or 1 and 0 for true and false.
	Num float64
	// Str is the string; of a number, the digits as they were written (so that long ids survive), or "" when it was computed.
	Str string
	// Items are the fields of a Map, or the elements of a List (with empty keys).
	Items Object
}

// Field is one key and its value.
type Field struct {
	Key string
	Value
}

// Object is a JSON object in the order it was written. Events carry few keys, so a scan beats a hash.
type Object []Field

// NumberValue returns f as a Value.
func NumberValue(f float64) Value { return Value{Kind: Number, Num: f} }

// StringValue returns s as a Value.
func StringValue(s string) Value { return Value{Kind: String, Str: s} }

// BoolValue returns b as a Value.
func BoolValue(b bool) Value {
	if b {
		return Value{Kind: Bool, Num: 1}
	}
	return Value{Kind: Bool}
}

// Get returns the value under key, Missing when there is none.
func (o Object) Get(key string) Value {
	for i := range o {
		if o[i].Key == key {
			return o[i].Value
		}
	}
	return Value{}
}

// Find returns a pointer to the value under key, nil when there is none. It spares hot paths the copy that Get makes.
func (o Object) Find(key string) *Value {
	for i := range o {
		if o[i].Key == key {
			return &o[i].Value
		}
	}
	return nil
}

// Path follows nested keys; nil when any of them is not there.
func (o Object) Path(keys []string) *Value {
	for i, key := range keys {
		v := o.Find(key)
		if v == nil || i == len(keys)-1 {
			return v
		}
		if v.Kind != Map {
			return nil
		}
		o = v.Items
	}
	return nil
}

// Set replaces the value under key, or appends it.
func (o Object) Set(key string, v Value) Object {
	if p := o.Find(key); p != nil {
		*p = v
		return o
	}
	return append(o, Field{Key: key, Value: v})
}

// Float is the value as a number: numbers as they are, true and false as 1 and 0, everything else NaN.
func (v *Value) Float() float64 {
	if v == nil || (v.Kind != Number && v.Kind != Bool) {
		return math.NaN()
	}
	return v.Num
}

// Text is the value as a string: strings as they are, everything else "".
func (v *Value) Text() string {
	if v == nil || v.Kind != String {
		return ""
	}
	return v.Str
}

// Truth is the value as a condition: only true is true.
func (v *Value) Truth() bool { return v != nil && v.Kind == Bool && v.Num != 0 }

// Clone copies the value's strings and lists, so that it holds no part of the buffer it was decoded from.
func (v Value) Clone() Value {
	v.Str = strings.Clone(v.Str)
	v.Items = v.Items.Clone()
	return v
}

// Clone copies the object deeply.
func (o Object) Clone() Object {
	if o == nil {
		return nil
	}
	out := make(Object, len(o))
	for i := range o {
		out[i] = Field{Key: strings.Clone(o[i].Key), Value: o[i].Value.Clone()}
	}
	return out
}
