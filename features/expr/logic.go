package expr

import (
	"math"

	"github.com/halfstep-ml/halfstep/features/event"
)

// all is the chain of &&.
func all[T any](conditions []func(*T) bool) code[T] {
	if len(conditions) == 2 {
		a, b := conditions[0], conditions[1]
		return truthCode(func(in *T) bool { return a(in) && b(in) })
	}
	return truthCode(func(in *T) bool {
		for _, holds := range conditions {
			if !holds(in) {
				return false
			}
		}
		return true
	})
}

// some is the chain of ||.
func some[T any](conditions []func(*T) bool) code[T] {
	if len(conditions) == 2 {
		a, b := conditions[0], conditions[1]
		return truthCode(func(in *T) bool { return a(in) || b(in) })
	}
	return truthCode(func(in *T) bool {
		for _, holds := range conditions {
			if holds(in) {
				return true
			}
		}
		return false
	})
}

// conditional is condition ? a : b. When a and b differ in type, it is Any.
func conditional[T any](condition func(*T) bool, a, b code[T]) code[T] {
	if a.typ != b.typ {
		x, y := a.asValue(), b.asValue()
		return valueCode(choose(condition, x, y))
	}
	switch a.typ {
	case Number:
		return numberCode(choose(condition, a.number, b.number))
	case Bool:
		return truthCode(choose(condition, a.truth, b.truth))
	case Strings:
		return listCode(choose(condition, a.list, b.list))
	case String:
		x, y := a.text, b.text
		return textCode(func(in *T) (string, bool) {
			if condition(in) {
				return x(in)
			}
			return y(in)
		})
	}
	if a.ref != nil && b.ref != nil {
		return refCode(choose(condition, a.ref, b.ref))
	}
	return valueCode(choose(condition, a.asValue(), b.asValue()))
}

func choose[T, V any](condition func(*T) bool, a, b func(*T) V) func(*T) V {
	return func(in *T) V {
		if condition(in) {
			return a(in)
		}
		return b(in)
	}
}

// has tells whether a value is there. A condition always is; a list of strings is when it holds any.
func has[T any](c code[T]) code[T] {
	switch c.typ {
	case Number:
		number := c.number
		return truthCode(func(in *T) bool { return !math.IsNaN(number(in)) })
	case String:
		text := c.text
		return truthCode(func(in *T) bool { _, there := text(in); return there })
	case Bool:
		return constantTruth[T](true)
	case Strings:
		list := c.list
		return truthCode(func(in *T) bool { return len(list(in)) > 0 })
	}
	if ref := c.ref; ref != nil {
		return truthCode(func(in *T) bool { return present(ref(in)) })
	}
	value := c.value
	return truthCode(func(in *T) bool { v := value(in); return present(&v) })
}

// coalesce is a, or b where a is missing. The type is b's when a is Any, and a's when b is, so coalesce(x, 0) is a number.
func coalesce[T any](a, b code[T]) code[T] {
	typ := a.typ
	if typ == Any {
		typ = b.typ
	}
	switch typ {
	case Number:
		x, y := a.asNumber(), b.asNumber()
		return numberCode(func(in *T) float64 {
			if v := x(in); !math.IsNaN(v) {
				return v
			}
			return y(in)
		})
	case String:
		x, y := a.asText(), b.asText()
		return textCode(func(in *T) (string, bool) {
			if s, there := x(in); there {
				return s, true
			}
			return y(in)
		})
	case Strings:
		if a.typ == Strings && b.typ == Strings {
			return listCode(choose(has(a).truth, a.list, b.list))
		}
	case Bool:
		if a.typ == Bool {
			return a
		}
		return truthCode(coalesceTruth(a.asValue(), b.truth))
	}
	x, y := a.asValue(), b.asValue()
	return valueCode(func(in *T) event.Value {
		if v := x(in); present(&v) {
			return v
		}
		return y(in)
	})
}

func coalesceTruth[T any](a func(*T) event.Value, b func(*T) bool) func(*T) bool {
	return func(in *T) bool {
		if v := a(in); v.Kind == event.Bool {
			return v.Num != 0
		}
		return b(in)
	}
}
