package expr

import (
	"fmt"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/halfstep-ml/halfstep/features/event"
)

// builder turns a checked expression into closures. The checker has seen to it that the types fit.
type builder[T any] struct {
	variable func(identifier string) Variable[T]
	loop     func(*builder[T], ast.ComprehensionExpr) code[T] // nil inside a loop
	report   *report
}

func (b *builder[T]) build(e ast.Expr) code[T] {
	switch e.Kind() {
	case ast.LiteralKind:
		switch v := e.AsLiteral().(type) {
		case types.Double:
			return constantNumber[T](float64(v))
		case types.Bool:
			return constantTruth[T](bool(v))
		case types.String:
			return constantText[T](string(v), true)
		}
	case ast.IdentKind:
		return variableCode(b.variable(e.AsIdent()))
	case ast.SelectKind:
		s := e.AsSelect()
		return field(b.build(s.Operand()), s.FieldName())
	case ast.ComprehensionKind:
		return b.loop(b, e.AsComprehension())
	case ast.CallKind:
		return b.call(e)
	}
	panic("expr: the resolver let through what the builder does not know")
}

// field reads a key of a map.
func field[T any](of code[T], key string) code[T] {
	ref := of.ref
	return refCode(func(in *T) *event.Value {
		if v := ref(in); v != nil && v.Kind == event.Map {
			return v.Items.Find(key)
		}
		return nil
	})
}

func (b *builder[T]) call(e ast.Expr) code[T] {
	c := e.AsCall()
	name := c.FunctionName()
	switch name {
	case operators.LogicalAnd:
		return all(b.conditions(e, name, nil))
	case operators.LogicalOr:
		return some(b.conditions(e, name, nil))
	case operators.In:
		if c.Args()[1].Kind() == ast.ListKind {
			return among(b.build(c.Args()[0]), c.Args()[1].AsList().Elements())
		}
	}
	var args []code[T]
	if c.IsMemberFunction() {
		args = append(args, b.build(c.Target()))
	}
	for _, arg := range c.Args() {
		args = append(args, b.build(arg))
	}
	if _, comparison := mirrored[name]; comparison {
		b.comparable(e, args[0].typ, args[1].typ)
	}
	return fold(apply(name, args), args...)
}

// comparable reports what passes the checker and can never be true: CEL compares lists, and takes what might be Any for Any.
func (b *builder[T]) comparable(e ast.Expr, x, y Type) {
	switch {
	case x == Strings || y == Strings:
		b.report.at(e.ID(), "lists cannot be compared", "use in, exists, all or size")
	case x != y && x != Any && y != Any:
		b.report.at(e.ID(), fmt.Sprintf("a %s is compared with a %s", x, y), "")
	}
}

// conditions are the operands of a chain of && or of ||, whatever way it is bracketed.
func (b *builder[T]) conditions(e ast.Expr, name string, out []func(*T) bool) []func(*T) bool {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == name {
		for _, arg := range e.AsCall().Args() {
			out = b.conditions(arg, name, out)
		}
		return out
	}
	return append(out, b.build(e).asTruth())
}

// apply is a call of the function, or operator, with these arguments.
func apply[T any](name string, args []code[T]) code[T] {
	switch name {
	case operators.Conditional:
		return conditional(args[0].asTruth(), args[1], args[2])
	case operators.LogicalNot:
		truth := args[0].asTruth()
		return truthCode(func(in *T) bool { return !truth(in) })
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return compare(name, args[0], args[1])
	case operators.In:
		return elementOf(args[0], args[1])
	case operators.Add:
		return add(args[0], args[1])
	case isPresent:
		return has(args[0])
	case "coalesce":
		return coalesce(args[0], args[1])
	case "number":
		return toNumber(args[0])
	case "string":
		return toText(args[0])
	case "size":
		return size(args[0])
	case "contains", "startsWith", "endsWith", "matches":
		return textTest(name, args[0], args[1])
	case "lowerAscii", "trim", "split":
		return textFunction(name, args)
	}
	if len(args) == 1 {
		return numberFunction(name, args[0].asNumber())
	}
	return arithmetic(name, args[0].asNumber(), args[1].asNumber())
}
