package expr

import (
	"slices"
	"sync"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/halfstep-ml/halfstep/features/event"
)

// fewConstants is how many constants are compared one after the other, which is faster than a hash of them.
const fewConstants = 8

// constants is the list on the right of in, by type.
type constants struct {
	texts   func(string) bool
	numbers func(float64) bool
	truths  func(bool) bool
}

func newConstants(elements []ast.Expr) constants {
	var texts []string
	var numbers []float64
	var truths []bool
	for _, e := range elements {
		switch v := e.AsLiteral().(type) {
		case types.String:
			texts = append(texts, string(v))
		case types.Double:
			numbers = append(numbers, float64(v))
		case types.Bool:
			truths = append(truths, bool(v))
		}
	}
	return constants{oneOf(texts), oneOf(numbers), oneOf(truths)}
}

func oneOf[V comparable](values []V) func(V) bool {
	if len(values) <= fewConstants {
		return func(v V) bool { return slices.Contains(values, v) }
	}
	set := make(map[V]struct{}, len(values))
	for _, v := range values {
		set[v] = struct{}{}
	}
	return func(v V) bool { _, ok := set[v]; return ok }
}

func (c constants) hold(v *event.Value) bool {
	if v == nil {
		return false
	}
	switch v.Kind {
	case event.String:
		return c.texts(v.Str)
	case event.Number:
		return c.numbers(v.Num)
	case event.Bool:
		return c.truths(v.Num != 0)
	}
	return false
}

// among is x in [constants].
func among[T any](x code[T], elements []ast.Expr) code[T] {
	list := newConstants(elements)
	switch {
	case x.typ == Number:
		number := x.number
		return fold(truthCode(func(in *T) bool { return list.numbers(number(in)) }), x)
	case x.typ == String:
		text := x.text
		return fold(truthCode(func(in *T) bool { s, ok := text(in); return ok && list.texts(s) }), x)
	case x.typ == Bool:
		truth := x.truth
		return fold(truthCode(func(in *T) bool { return list.truths(truth(in)) }), x)
	case x.ref != nil:
		ref := x.ref
		return truthCode(func(in *T) bool { return list.hold(ref(in)) })
	}
	value := x.asValue()
	return truthCode(func(in *T) bool { v := value(in); return list.hold(&v) })
}

// elementOf is x in list.
func elementOf[T any](x, list code[T]) code[T] {
	if list.typ == Strings {
		text, strings := x.asText(), list.list
		return truthCode(func(in *T) bool {
			s, ok := text(in)
			return ok && slices.Contains(strings(in), s)
		})
	}
	value, items := x.asValue(), items(list)
	return truthCode(func(in *T) bool {
		v := value(in)
		elements, _ := items(in)
		for i := range elements {
			if compareValues(operators.Equals, &v, &elements[i].Value) {
				return true
			}
		}
		return false
	})
}

// items are the elements of a list, false when it is none.
func items[T any](c code[T]) func(*T) (event.Object, bool) {
	if ref := c.ref; ref != nil {
		return func(in *T) (event.Object, bool) {
			if v := ref(in); v != nil && v.Kind == event.List {
				return v.Items, true
			}
			return nil, false
		}
	}
	value := c.asValue()
	return func(in *T) (event.Object, bool) {
		v := value(in)
		return v.Items, v.Kind == event.List
	}
}

// frame is the input of what stands inside a loop: the loop's own input and the element that it is at.
type frame[T any] struct {
	in    *T
	value *event.Value // of a list of any values
	text  string       // of a list of strings
}

// loop builds exists and all. It is handed to the builder, rather than being its method, since a method of builder[T] that used
// builder[frame[T]] would ask for builders of frames of frames without end.
func loop[T any](b *builder[T], c ast.ComprehensionExpr) code[T] {
	over := b.build(c.IterRange())
	element := Variable[frame[T]]{Type: Any, Value: func(f *frame[T]) *event.Value { return f.value }}
	if over.typ == Strings {
		element = Variable[frame[T]]{Type: String, Text: func(f *frame[T]) (string, bool) { return f.text, true }}
	}
	inside := &builder[frame[T]]{report: b.report, variable: func(identifier string) Variable[frame[T]] {
		if identifier == c.IterVar() {
			return element
		}
		return framed(b.variable(identifier))
	}}
	holds := inside.build(condition(c)).asTruth()
	stop := c.LoopStep().AsCall().FunctionName() == operators.LogicalOr // exists stops at the first true, all at the first false
	frames := &sync.Pool{New: func() any { return new(frame[T]) }}
	if over.typ == Strings {
		return truthCode(loopStrings(frames, over.list, holds, stop))
	}
	return truthCode(loopItems(frames, items(over), holds, stop))
}

func loopItems[T any](frames *sync.Pool, items func(*T) (event.Object, bool), holds func(*frame[T]) bool, stop bool) func(*T) bool {
	return func(in *T) bool {
		elements, ok := items(in)
		if !ok || len(elements) == 0 {
			return ok && !stop
		}
		f := frames.Get().(*frame[T])
		f.in = in
		found := false
		for i := 0; i < len(elements) && !found; i++ {
			f.value = &elements[i].Value
			found = holds(f) == stop
		}
		*f = frame[T]{}
		frames.Put(f)
		return found == stop
	}
}

func loopStrings[T any](frames *sync.Pool, list func(*T) []string, holds func(*frame[T]) bool, stop bool) func(*T) bool {
	return func(in *T) bool {
		elements := list(in)
		if len(elements) == 0 {
			return !stop
		}
		f := frames.Get().(*frame[T])
		f.in = in
		found := false
		for i := 0; i < len(elements) && !found; i++ {
			f.text = elements[i]
			found = holds(f) == stop
		}
		*f = frame[T]{}
		frames.Put(f)
		return found == stop
	}
}

// framed reads a variable of the loop's input from inside the loop.
func framed[T any](v Variable[T]) Variable[frame[T]] {
	out := Variable[frame[T]]{Type: v.Type}
	switch v.Type {
	case Number:
		out.Number = func(f *frame[T]) float64 { return v.Number(f.in) }
	case Bool:
		out.Bool = func(f *frame[T]) bool { return v.Bool(f.in) }
	case String:
		out.Text = func(f *frame[T]) (string, bool) { return v.Text(f.in) }
	case Strings:
		out.List = func(f *frame[T]) []string { return v.List(f.in) }
	default:
		out.Value = func(f *frame[T]) *event.Value { return v.Value(f.in) }
	}
	return out
}
