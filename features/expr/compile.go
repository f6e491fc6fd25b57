package expr

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/parser"
)

// CompileBool compiles a condition: a source of type Bool, or Any, of which only true is true. The error is of type Errors.
func CompileBool[T any](source string, scope Scope[T]) (*Predicate[T], error) {
	return compile(source, scope, Bool, code[T].asTruth)
}

// CompileNumber compiles a source of type Number or Any. NaN is missing. The error is of type Errors.
func CompileNumber[T any](source string, scope Scope[T]) (*Formula[T], error) {
	return compile(source, scope, Number, code[T].asNumber)
}

// CompileText compiles a source of type String or Any. "" stands for missing. The error is of type Errors.
func CompileText[T any](source string, scope Scope[T]) (*Phrase[T], error) {
	return compile(source, scope, String, func(c code[T]) func(*T) string {
		text := c.asText()
		return func(in *T) string { s, _ := text(in); return s }
	})
}

// CompileValue compiles a source of any type. What an event holds is returned as it lies there, not copied. The error is of
// type Errors.
func CompileValue[T any](source string, scope Scope[T]) (*Getter[T], error) {
	return compile(source, scope, Any, code[T].asValue)
}

// compile makes a program of a source whose type is wanted, or Any; of any type when Any is wanted.
func compile[T, V any](source string, scope Scope[T], wanted Type, as func(code[T]) func(*T) V) (*Program[T, V], error) {
	r := &report{source: source, places: map[int64]int{}}
	c := check(source, scope, r)
	if err := r.err(); err != nil {
		return nil, err
	}
	b := &builder[T]{report: r, loop: loop[T], variable: func(identifier string) Variable[T] { return c.variables[identifier] }}
	root := c.ast.NativeRep().Expr()
	out := b.build(root)
	if out.typ != wanted && out.typ != Any && wanted != Any {
		r.at(root.ID(), fmt.Sprintf("this has to be a %s, and is a %s", wanted, out.typ), conversions[[2]Type{out.typ, wanted}])
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return &Program[T, V]{eval: as(out), source: c.canonical, variables: slices.Sorted(maps.Keys(c.names))}, nil
}

var conversions = map[[2]Type]string{
	{Number, Bool}: "compare it, as in x > 0", {String, Bool}: `compare it, as in x == "a"`,
	{Bool, Number}: "write condition ? 1 : 0", {String, Number}: "write number(x)",
	{Number, String}: "write string(x)", {Bool, String}: "write string(x)",
}

// checked is a source that has been parsed, resolved and typed.
type checked[T any] struct {
	env       *cel.Env
	ast       *cel.Ast
	canonical string
	variables map[string]Variable[T] // by identifier
	names     map[string]string      // dotted name -> identifier
}

// check reads a source as far as types. The result is only of use when nothing was reported.
func check[T any](source string, scope Scope[T], r *report) checked[T] {
	language, err := language()
	if err != nil {
		panic("expr: the language's own declarations: " + err.Error()) // they are constant, and every test makes them
	}
	if !acceptable(source, r) {
		return checked[T]{}
	}
	parsed, issues := language.Parse(source)
	if issues.Err() != nil {
		r.syntax(issues.Errors())
		return checked[T]{}
	}
	r.info = parsed.NativeRep().SourceInfo()
	canonical, err := parser.Unparse(parsed.NativeRep().Expr(), r.info, parser.WrapOnColumn(math.MaxInt))
	if err != nil {
		r.add(0, "this cannot be written out again: "+err.Error(), "")
		return checked[T]{}
	}
	resolver := newResolver(scope, r)
	resolver.resolve(parsed.NativeRep().Expr())
	if len(r.errs) > 0 {
		return checked[T]{}
	}
	var declared []cel.EnvOption
	for identifier, v := range resolver.variables {
		declared = append(declared, cel.Variable(identifier, celType[v.Type]))
	}
	env, err := language.Extend(declared...)
	if err != nil {
		r.add(0, "declaring names: "+err.Error(), "")
		return checked[T]{}
	}
	typed, issues := env.Check(parsed)
	if issues.Err() != nil {
		r.types(issues.Errors())
	}
	return checked[T]{env, typed, canonical, resolver.variables, resolver.names}
}

var celType = map[Type]*cel.Type{
	Any: cel.DynType, Number: cel.DoubleType, Bool: cel.BoolType, String: cel.StringType, Strings: cel.ListType(cel.StringType),
}

// acceptable reports what is wrong with a source before it is parsed.
func acceptable(source string, r *report) bool {
	switch {
	case strings.TrimSpace(source) == "":
		r.add(0, "the expression is empty", "")
	case len(source) > maxSource:
		r.add(0, fmt.Sprintf("the expression has %d bytes, more than %d", len(source), maxSource), "split it into several")
	case !utf8.ValidString(source):
		r.add(0, "the expression is not valid UTF-8", "")
	default:
		return true
	}
	return false
}

// String is the type's name in errors.
func (t Type) String() string {
	return [...]string{"value", "number", "boolean", "string", "list of strings"}[t]
}
