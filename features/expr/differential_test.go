package expr

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
	"pgregory.net/rapid"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Where nothing is missing, the closures say what cel-go's interpreter says of the same checked expression.
func TestAgreesWithCEL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		for range 5 {
			agreeOnNumber(t, (&generator{t: t}).number(3), in)
			agreeOnTruth(t, (&generator{t: t}).truth(3), in)
		}
	})
}

func agreeOnNumber(t *rapid.T, source string, in *input) {
	f, err := CompileNumber(source, table{})
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	want := interpret(t, source, in).(float64)
	if got := f.Eval(in); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Fatalf("%s is %v, cel-go says %v", source, got, want)
	}
}

// agreeOnTruth also holds the canonical form to the meaning of what it stands for.
func agreeOnTruth(t *rapid.T, source string, in *input) {
	p, err := CompileBool(source, table{})
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	if got, want := p.Eval(in), interpret(t, source, in); got != want {
		t.Fatalf("%s is %v, cel-go says %v", source, got, want)
	}
	again, err := CompileBool(p.Source(), table{})
	if err != nil || again.Eval(in) != p.Eval(in) {
		t.Fatalf("%s means another thing when it is written as %s: %v", source, p.Source(), err)
	}
}

func drawInput(t *rapid.T) *input {
	number := rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.Map(rapid.IntRange(-3, 3), func(i int) float64 { return float64(i) }))
	text := rapid.SampledFrom([]string{"", "a", "ab", "b", "A b", "é", " x,y "})
	in := &input{name: text.Draw(t, "name"), known: rapid.Bool().Draw(t, "known")}
	if in.name == "" {
		in.name = "a"
	}
	for i := range in.columns {
		in.columns[i] = number.Draw(t, "column")
	}
	in.tags = rapid.SliceOfN(text, 0, 3).Draw(t, "tags")
	items := []any{}
	for range rapid.IntRange(0, 3).Draw(t, "items") {
		items = append(items, object("n", number.Draw(t, "n"), "s", text.Draw(t, "s")))
	}
	in.properties = object(
		"n", number.Draw(t, "n"), "m", object("n", number.Draw(t, "m")), "s", text.Draw(t, "s"), "a b", text.Draw(t, "a b"),
		"f", rapid.Bool().Draw(t, "f"), "items", items, "list", []any{1, "a", text.Draw(t, "list")})
	return in
}

// generator draws sources of a type, in which nothing can be missing. In a loop, element is Any or String.
type generator struct {
	t       *rapid.T
	inLoop  bool
	element Type
}

func (g *generator) pick(choices ...string) string {
	return rapid.SampledFrom(choices).Draw(g.t, "pick")
}

func (g *generator) roll(n int) int { return rapid.IntRange(0, n-1).Draw(g.t, "roll") }

func (g *generator) number(depth int) string {
	if depth == 0 {
		if g.inLoop && g.element == Any && g.roll(2) == 0 {
			return "it.n"
		}
		return g.pick("0", "1", "2.5", "-3", "1e3", "features.orders_30d", "features.spent_30d", "features.age_days", "properties.n", "properties.m.n", `properties["m"]["n"]`)
	}
	a, b := g.number(depth-1), g.number(depth-1)
	switch g.roll(8) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", a, g.pick("+", "-", "*"), b)
	case 1:
		return fmt.Sprintf("%s %s max(abs(%s), 0.5)", a, g.pick("/", "%"), b)
	case 2:
		return fmt.Sprintf("%s(%s, %s, %s)", g.pick("min", "max"), a, b, g.number(depth-1))
	case 3:
		return fmt.Sprintf("%s(%s)", g.pick("abs", "ceil", "floor", "round", "-", "number"), a)
	case 4:
		return fmt.Sprintf("(%s ? %s : %s)", g.truth(depth-1), a, b)
	case 5:
		return fmt.Sprintf("%s(abs(%s) + 1)", g.pick("sqrt", "log"), a)
	case 6:
		return g.pick("size(tags)", "tags.size()", "size(properties.list)", "size("+g.text(depth-1)+")", "exp(min("+a+", 20))")
	default:
		return fmt.Sprintf("number(string(%s)) + coalesce(%s, 7)", a, b)
	}
}

func (g *generator) text(depth int) string {
	if depth == 0 {
		if g.inLoop && g.roll(2) == 0 {
			return map[Type]string{Any: "it.s", String: "it"}[g.element]
		}
		return g.pick(`""`, `"a"`, `"ab"`, `'A b'`, `"é"`, "event.name", "properties.s", `properties["a b"]`)
	}
	switch g.roll(4) {
	case 0:
		return fmt.Sprintf("(%s + %s)", g.text(depth-1), g.text(depth-1))
	case 1:
		return fmt.Sprintf("(%s).%s()", g.text(depth-1), g.pick("trim", "lowerAscii"))
	case 2:
		return fmt.Sprintf("(%s ? %s : %s)", g.truth(depth-1), g.text(depth-1), g.text(depth-1))
	default:
		return fmt.Sprintf("string(%s)", g.number(depth-1))
	}
}

func (g *generator) truth(depth int) string {
	if depth == 0 {
		return g.pick("true", "customer.known", "properties.f")
	}
	switch g.roll(10) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", g.truth(depth-1), g.pick("&&", "||"), g.truth(depth-1))
	case 2:
		return "!" + "(" + g.truth(depth-1) + ")"
	case 3, 4:
		return fmt.Sprintf("%s %s %s", g.number(depth-1), g.pick("==", "!=", "<", "<=", ">", ">="), g.number(depth-1))
	case 5:
		return fmt.Sprintf("%s %s %s", g.text(depth-1), g.pick("==", "!=", "<", "<=", ">", ">="), g.text(depth-1))
	case 6:
		return g.in(depth)
	case 7:
		return fmt.Sprintf("(%s).%s(%s)", g.text(depth-1), g.pick("contains", "startsWith", "endsWith"), g.text(depth-1))
	case 8:
		return fmt.Sprintf("(%s).matches(%s)", g.text(depth-1), g.pick(`"^a"`, `"[a-z]+b"`, `""`, `"(?i)A\\s"`))
	default:
		return g.loop(depth)
	}
}

func (g *generator) in(depth int) string {
	switch g.roll(5) {
	case 0:
		return g.number(depth-1) + ` in [1, 2.5, -3, 0]`
	case 1:
		return g.text(depth-1) + ` in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "é"]`
	case 2:
		return g.text(depth-1) + ` in tags`
	case 3:
		return g.text(depth-1) + ` in properties.list`
	default:
		return g.pick("properties.f", "properties.s", "properties.n") + ` in [true, "a", 1]`
	}
}

func (g *generator) loop(depth int) string {
	if g.inLoop {
		return g.truth(depth - 1)
	}
	inside := generator{t: g.t, inLoop: true, element: Any}
	over := "properties.items"
	if g.roll(2) == 0 {
		over, inside.element = "tags", String
	}
	return fmt.Sprintf("%s.%s(it, %s)", over, g.pick("exists", "all"), inside.truth(depth-1))
}

// interpret is what cel-go makes of a source.
func interpret(t *rapid.T, source string, in *input) any {
	program, activation := celProgram(t, source)
	activation.in = in
	out, _, err := program.Eval(activation)
	if err != nil {
		t.Fatalf("%s: cel-go: %v", source, err)
	}
	return out.Value()
}

type fatal interface{ Fatalf(string, ...any) }

func celProgram(t fatal, source string) (cel.Program, *activation) {
	r := &report{source: source, places: map[int64]int{}}
	c := check(source, table{}, r)
	if err := r.err(); err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	options := []cel.EnvOption{ext.Strings()}
	for _, s := range declarations() {
		overload := cel.Overload
		if s.member {
			continue // of cel-go's own strings
		}
		bind := cel.UnaryBinding(func(x ref.Val) ref.Val { return reference(s.name, x) })
		if len(s.args) == 2 {
			bind = cel.BinaryBinding(func(x, y ref.Val) ref.Val { return reference(s.name, x, y) })
		}
		options = append(options, cel.Function(s.name, overload(s.id, s.args, s.result, bind)))
	}
	env, err := c.env.Extend(options...)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	program, err := env.Program(c.ast)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return program, &activation{variables: c.variables}
}

// reference implements for cel-go the functions that are not its own.
func reference(name string, args ...ref.Val) ref.Val {
	switch name {
	case isPresent:
		return types.True
	case "coalesce":
		return args[0]
	case "size":
		return types.Double(args[0].(traits.Sizer).Size().(types.Int))
	case "string":
		if x, ok := args[0].(types.Double); ok {
			return types.String(formatNumber(float64(x)))
		}
		return args[0]
	case "number":
		if s, ok := args[0].(types.String); ok {
			x, _ := strconv.ParseFloat(string(s), 64)
			return types.Double(x)
		}
		return args[0]
	}
	x := float64(args[0].(types.Double))
	if len(args) == 2 {
		y := float64(args[1].(types.Double))
		return types.Double(map[string]func(x, y float64) float64{operators.Modulo: math.Mod, "max": math.Max, "min": math.Min}[name](x, y))
	}
	return types.Double(map[string]func(float64) float64{
		"abs": math.Abs, "ceil": math.Ceil, "exp": math.Exp, "floor": math.Floor, "log": math.Log, "round": math.Round, "sqrt": math.Sqrt,
	}[name](x))
}

// activation gives cel-go the variables of an input.
type activation struct {
	variables map[string]Variable[input]
	in        *input
}

func (a *activation) Parent() cel.Activation { return nil }

func (a *activation) ResolveName(name string) (any, bool) {
	v, ok := a.variables[strings.TrimPrefix(name, ".")]
	if !ok {
		return nil, false
	}
	switch v.Type {
	case Number:
		return v.Number(a.in), true
	case Bool:
		return v.Bool(a.in), true
	case String:
		s, _ := v.Text(a.in)
		return s, true
	case Strings:
		return slices.Clone(v.List(a.in)), true
	}
	return native(*v.Value(a.in)), true
}

func native(v event.Value) any {
	switch v.Kind {
	case event.Bool:
		return v.Num != 0
	case event.Number:
		return v.Num
	case event.String:
		return v.Str
	case event.List:
		out := []any{}
		for _, item := range v.Items {
			out = append(out, native(item.Value))
		}
		return out
	case event.Map:
		out := map[string]any{}
		for _, item := range v.Items {
			out[item.Key] = native(item.Value)
		}
		return out
	}
	return nil
}
