package expr

import (
	"cel.dev/cel-go/common/operators"

	"github.com/halfstep-ml/halfstep/features/event"
)

// mirrored is the operator that says the same with its sides exchanged.
var mirrored = map[string]string{
	operators.Equals: operators.Equals, operators.NotEquals: operators.NotEquals,
	operators.Less: operators.Greater, operators.LessEquals: operators.GreaterEquals,
	operators.Greater: operators.Less, operators.GreaterEquals: operators.LessEquals,
}

// compare picks the closure for two sides by what is known of their types. One static side makes the other read as its type.
func compare[T any](op string, a, b code[T]) code[T] {
	if a.constant && !b.constant {
		op, a, b = mirrored[op], b, a
	}
	switch {
	case a.typ == Bool && b.typ == Bool:
		return truthCode(compareTruths(op, a.truth, b.truth))
	case a.typ == Bool || b.typ == Bool || a.typ == Any && b.typ == Any:
		x, y := a.asValue(), b.asValue()
		return truthCode(func(in *T) bool {
			v, w := x(in), y(in)
			return compareValues(op, &v, &w)
		})
	case a.typ == Number || b.typ == Number:
		if b.constant {
			return truthCode(compareWithNumber(op, a.asNumber(), b.number(nil)))
		}
		return truthCode(compareNumbers(op, a.asNumber(), b.asNumber()))
	}
	if s, there := constantString(b); there && op == operators.Equals {
		return truthCode(isText(a, s))
	}
	return truthCode(compareTexts(op, a.asText(), b.asText()))
}

// compareWithNumber compares with a constant. A NaN on the left makes all six false: != is written as less or greater.
func compareWithNumber[T any](op string, x func(*T) float64, c float64) func(*T) bool {
	switch op {
	case operators.Equals:
		return func(in *T) bool { return x(in) == c }
	case operators.NotEquals:
		return func(in *T) bool { v := x(in); return v < c || v > c }
	case operators.Less:
		return func(in *T) bool { return x(in) < c }
	case operators.LessEquals:
		return func(in *T) bool { return x(in) <= c }
	case operators.Greater:
		return func(in *T) bool { return x(in) > c }
	default:
		return func(in *T) bool { return x(in) >= c }
	}
}

func compareNumbers[T any](op string, x, y func(*T) float64) func(*T) bool {
	switch op {
	case operators.Equals:
		return func(in *T) bool { return x(in) == y(in) }
	case operators.NotEquals:
		return func(in *T) bool { v, w := x(in), y(in); return v < w || v > w }
	case operators.Less:
		return func(in *T) bool { return x(in) < y(in) }
	case operators.LessEquals:
		return func(in *T) bool { return x(in) <= y(in) }
	case operators.Greater:
		return func(in *T) bool { return x(in) > y(in) }
	default:
		return func(in *T) bool { return x(in) >= y(in) }
	}
}

func compareTruths[T any](op string, x, y func(*T) bool) func(*T) bool {
	if op == operators.Equals {
		return func(in *T) bool { return x(in) == y(in) }
	}
	return func(in *T) bool { return x(in) != y(in) }
}

func compareTexts[T any](op string, x, y func(*T) (string, bool)) func(*T) bool {
	return func(in *T) bool {
		s, ok := x(in)
		if !ok {
			return false
		}
		t, ok := y(in)
		return ok && ordered(op, s, t)
	}
}

func constantString[T any](c code[T]) (string, bool) {
	if !c.constant || c.typ != String {
		return "", false
	}
	return c.text(nil)
}

// isText is the commonest comparison of all: with a constant string.
func isText[T any](c code[T], s string) func(*T) bool {
	if ref := c.ref; ref != nil {
		return func(in *T) bool {
			v := ref(in)
			return v != nil && v.Kind == event.String && v.Str == s
		}
	}
	text := c.asText()
	return func(in *T) bool {
		t, ok := text(in)
		return ok && t == s
	}
}

// compareValues compares two numbers, two strings or two booleans; other pairs are neither equal nor unequal.
func compareValues(op string, a, b *event.Value) bool {
	switch {
	case a.Kind != b.Kind:
		return false
	case a.Kind == event.String:
		return ordered(op, a.Str, b.Str)
	case a.Kind == event.Number:
		return ordered(op, a.Num, b.Num)
	case a.Kind == event.Bool:
		return op == operators.Equals && a.Num == b.Num || op == operators.NotEquals && a.Num != b.Num
	}
	return false
}

func ordered[V float64 | string](op string, a, b V) bool {
	switch op {
	case operators.Equals:
		return a == b
	case operators.NotEquals:
		return a < b || a > b
	case operators.Less:
		return a < b
	case operators.LessEquals:
		return a <= b
	case operators.Greater:
		return a > b
	default:
		return a >= b
	}
}
