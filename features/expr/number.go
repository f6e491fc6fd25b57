package expr

import (
	"math"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/operators"

	"github.com/halfstep-ml/halfstep/features/event"
)

// arithmetic combines two numbers. Products are rounded before they are used, so that no processor fuses them with a sum and
// every machine computes the same.
func arithmetic[T any](name string, x, y func(*T) float64) code[T] {
	switch name {
	case operators.Subtract:
		return numberCode(func(in *T) float64 { return x(in) - y(in) })
	case operators.Multiply:
		return numberCode(func(in *T) float64 { return float64(x(in) * y(in)) })
	case operators.Divide:
		return numberCode(func(in *T) float64 { return divide(x(in), y(in)) })
	case operators.Modulo:
		return numberCode(func(in *T) float64 { return math.Mod(x(in), y(in)) })
	case "max":
		return numberCode(func(in *T) float64 { return max(x(in), y(in)) })
	default:
		return numberCode(func(in *T) float64 { return min(x(in), y(in)) })
	}
}

func divide(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

func numberFunction[T any](name string, x func(*T) float64) code[T] {
	if name == operators.Negate {
		return numberCode(func(in *T) float64 { return -x(in) })
	}
	f := map[string]func(float64) float64{
		"abs": math.Abs, "ceil": math.Ceil, "exp": math.Exp, "floor": math.Floor,
		"log": logarithm, "round": math.Round, "sqrt": math.Sqrt,
	}[name]
	return numberCode(func(in *T) float64 { return f(x(in)) })
}

func logarithm(x float64) float64 {
	if x <= 0 {
		return math.NaN()
	}
	return math.Log(x)
}

// add is the sum of two numbers, or two strings joined. Of two Any values, it depends on what they turn out to be.
func add[T any](a, b code[T]) code[T] {
	switch {
	case a.typ == Number || b.typ == Number:
		x, y := a.asNumber(), b.asNumber()
		return numberCode(func(in *T) float64 { return x(in) + y(in) })
	case a.typ == String || b.typ == String:
		x, y := a.asText(), b.asText()
		return textCode(func(in *T) (string, bool) { return join(x, y, in) })
	}
	x, y := a.asValue(), b.asValue()
	return valueCode(func(in *T) event.Value {
		v, w := x(in), y(in)
		switch {
		case v.Kind == event.Number && w.Kind == event.Number:
			return event.NumberValue(v.Num + w.Num)
		case v.Kind == event.String && w.Kind == event.String:
			return event.StringValue(v.Str + w.Str)
		}
		return event.Value{}
	})
}

func join[T any](x, y func(*T) (string, bool), in *T) (string, bool) {
	s, ok := x(in)
	if !ok {
		return "", false
	}
	t, ok := y(in)
	return s + t, ok
}

// toNumber reads decimal numbers out of strings, and true as 1.
func toNumber[T any](c code[T]) code[T] {
	switch c.typ {
	case Number:
		return c
	case Bool:
		truth := c.truth
		return numberCode(func(in *T) float64 {
			if truth(in) {
				return 1
			}
			return 0
		})
	case String:
		text := c.text
		return numberCode(func(in *T) float64 { return parseNumber(text(in)) })
	}
	value := c.asValue()
	return numberCode(func(in *T) float64 {
		v := value(in)
		if s, ok := textOf(&v); ok {
			return parseNumber(s, true)
		}
		return v.Float()
	})
}

func parseNumber(s string, there bool) float64 {
	s = strings.TrimSpace(s)
	if !there || s == "" || strings.Trim(s, "0123456789+-.eE") != "" {
		return math.NaN()
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return x
}
