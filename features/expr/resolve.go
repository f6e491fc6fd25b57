package expr

import (
	"fmt"
	"regexp/syntax"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// resolver rewrites a parsed source in place into what the checker and the builder understand: numbers become doubles, and every
// name of the scope becomes one identifier ($0, $1, ...). It refuses what the language does not have.
type resolver[T any] struct {
	scope   Scope[T]
	report  *report
	factory ast.ExprFactory

	variables map[string]Variable[T] // by identifier
	names     map[string]string      // dotted name -> identifier
	element   string                 // the loop's variable, "" outside loops
	nodes     int
	nextID    int64
}

func newResolver[T any](scope Scope[T], r *report) *resolver[T] {
	return &resolver[T]{
		scope: scope, report: r, factory: ast.NewExprFactory(),
		variables: map[string]Variable[T]{}, names: map[string]string{},
		nextID: 1 << 20, // above any that the parser gives out
	}
}

func (r *resolver[T]) id() int64 {
	r.nextID++
	return r.nextID
}

func (r *resolver[T]) resolve(e ast.Expr) {
	if r.nodes++; r.nodes == maxNodes+1 {
		r.report.at(e.ID(), fmt.Sprintf("more than %d names, literals and operators", maxNodes), "split it into several expressions")
	}
	if r.nodes > maxNodes {
		return
	}
	switch e.Kind() {
	case ast.LiteralKind:
		r.literal(e)
	case ast.IdentKind, ast.SelectKind:
		r.name(e)
	case ast.CallKind:
		r.call(e)
	case ast.ComprehensionKind:
		r.loop(e)
	case ast.ListKind:
		r.report.at(e.ID(), "a list can only stand on the right of in", "")
	case ast.MapKind:
		r.report.at(e.ID(), "maps are not supported", "")
	case ast.StructKind:
		r.report.at(e.ID(), "messages are not supported", "")
	default:
		r.report.at(e.ID(), "this is not supported", "")
	}
}

func (r *resolver[T]) literal(e ast.Expr) {
	switch v := e.AsLiteral().(type) {
	case types.Int:
		if types.Int(float64(v)) != v {
			r.report.at(e.ID(), "a number cannot hold this many digits", "of an id, compare string(x) with a string")
		}
		e.SetKindCase(r.factory.NewLiteral(e.ID(), types.Double(v)))
	case types.Uint:
		r.report.at(e.ID(), "unsigned numbers are not supported", "write it without the u")
	case types.Bytes:
		r.report.at(e.ID(), "bytes are not supported", "write it without the b")
	case types.Null:
		r.report.at(e.ID(), "null is not supported", "test presence with has(x) or !has(x)")
	}
}

// call checks that the function exists and is written with as many arguments as it takes, and then its arguments.
func (r *resolver[T]) call(e ast.Expr) {
	c := e.AsCall()
	name := c.FunctionName()
	if name == operators.Index {
		r.name(e)
		return
	}
	f, known := functions[name]
	if !known {
		r.unknownCall(e, name)
		return
	}
	args := c.Args()
	if f.form == member && !c.IsMemberFunction() {
		r.report.at(e.ID(), fmt.Sprintf("%s is called on a string", name), fmt.Sprintf("write x.%s(...)", name))
		return
	}
	if f.form == global && c.IsMemberFunction() {
		r.report.at(e.ID(), fmt.Sprintf("%s is not called on a value", name), fmt.Sprintf("write %s(x)", name))
		return
	}
	if f.form == either && c.IsMemberFunction() { // x.size() is size(x)
		args = append([]ast.Expr{c.Target()}, args...)
		e.SetKindCase(r.factory.NewCall(e.ID(), name, args...))
	}
	if n := len(args); n < f.min || n > f.max {
		r.report.at(e.ID(), fmt.Sprintf("%s takes %s, not %d", symbol(name), arity(f), n), "")
		return
	}
	if c.IsMemberFunction() && f.form == member {
		r.resolve(c.Target())
	}
	switch name {
	case operators.In:
		r.resolve(args[0])
		if args[1].Kind() == ast.ListKind {
			r.constants(args[1])
			return
		}
		r.resolve(args[1])
		return
	case "matches":
		r.pattern(args[0])
	case operators.Divide, operators.Modulo:
		r.divisor(args[1])
	case "has":
		e.SetKindCase(r.factory.NewCall(e.ID(), isPresent, args...))
	}
	for _, arg := range args {
		r.resolve(arg)
	}
	r.pair(e, name, args)
}

// pair turns f(x, y, z) into f(f(x, y), z), so that what takes any number of arguments is only declared for two.
func (r *resolver[T]) pair(e ast.Expr, name string, args []ast.Expr) {
	if len(args) < 3 || functions[name].max != variadic {
		return
	}
	first := args[0]
	for _, arg := range args[1 : len(args)-1] {
		id := r.id()
		r.report.places[id] = r.report.place(e.ID())
		first = r.factory.NewCall(id, name, first, arg)
	}
	e.SetKindCase(r.factory.NewCall(e.ID(), name, first, args[len(args)-1]))
}

func (r *resolver[T]) unknownCall(e ast.Expr, name string) {
	switch name {
	case "map", "filter", "exists_one":
		r.report.at(e.ID(), name+" is not supported", "of loops there are exists and all")
	case "int", "uint", "double":
		r.report.at(e.ID(), name+" is not supported", "write number(x)")
	case operators.Exists, operators.All:
		r.report.at(e.ID(), name+" is written list."+name+"(v, condition)", "")
	case "timestamp", "duration", "bytes", "type", "dyn":
		r.report.at(e.ID(), name+" is not supported", "")
	default:
		r.report.at(e.ID(), fmt.Sprintf("unknown function %s", symbol(name)), didYouMean(name, functionNames()))
	}
}

// constants checks the list on the right of in.
func (r *resolver[T]) constants(list ast.Expr) {
	for _, e := range list.AsList().Elements() {
		if e.Kind() != ast.LiteralKind {
			r.resolve(e) // which finds where it begins
			r.report.at(e.ID(), "a list can only hold constants", "compare with each other value by ==, joined by ||")
			continue
		}
		r.resolve(e)
	}
}

// divisor refuses 0: what is divided by it is always missing, so whoever wrote it meant something else.
func (r *resolver[T]) divisor(e ast.Expr) {
	if e.Kind() != ast.LiteralKind {
		return
	}
	switch e.AsLiteral().Value() {
	case int64(0), float64(0):
		r.report.at(e.ID(), "this divides by zero", "")
	}
}

// pattern checks a regular expression.
func (r *resolver[T]) pattern(e ast.Expr) {
	text, ok := "", false
	if e.Kind() == ast.LiteralKind {
		text, ok = e.AsLiteral().Value().(string)
	}
	if !ok {
		r.report.at(e.ID(), "matches takes a constant regular expression", "")
		return
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	switch {
	case err != nil:
		r.report.at(e.ID(), err.Error(), "the syntax is RE2's")
	case weight(tree) > maxPattern:
		r.report.at(e.ID(), "the regular expression is too large to be fast", "repeat less, or split it into several")
	}
}

// weight is about how many steps a regular expression may take for each character: repetitions count as often as they are written out.
func weight(tree *syntax.Regexp) int {
	sum := 1 + len(tree.Rune)
	if tree.Op == syntax.OpCharClass {
		sum = 1
	}
	for _, sub := range tree.Sub {
		sum += weight(sub)
	}
	if tree.Op == syntax.OpRepeat {
		sum = (sum - 1) * max(tree.Min, tree.Max, 1)
	}
	return sum
}

// loop resolves x.exists(v, condition) and x.all(v, condition), which the parser has expanded.
func (r *resolver[T]) loop(e ast.Expr) {
	c := e.AsComprehension()
	r.resolve(c.IterRange())
	if r.element != "" {
		r.report.at(e.ID(), "a loop inside a loop is not supported", "")
		return
	}
	r.element = c.IterVar()
	r.resolve(condition(c))
	r.element = ""
}

// condition is what a loop asks of each element: the expansion joins it to the result so far.
func condition(c ast.ComprehensionExpr) ast.Expr { return c.LoopStep().AsCall().Args()[1] }

func arity(f function) string {
	switch {
	case f.max == variadic:
		return fmt.Sprintf("%d to %d arguments", f.min, f.max)
	case f.min == 1:
		return "1 argument"
	case f.min == 0:
		return "no argument"
	}
	return fmt.Sprintf("%d arguments", f.min)
}
