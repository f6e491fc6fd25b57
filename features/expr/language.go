package expr

import (
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// Bounds of one source.
const (
	maxSource  = 4 << 10 // bytes
	maxNodes   = 256     // names, literals, operators and calls
	maxPattern = 500     // steps of a regular expression for each character it looks at
)

// form is how a function is written.
type form uint8

const (
	operator form = iota
	global        // f(x)
	member        // x.f()
	either
)

// function is what there is to know of a function before its arguments are typed.
type function struct {
	form     form
	min, max int    // arguments, without the target of a member
	needs    string // what the types of the arguments have to be
}

const variadic = 16

// isPresent is what has becomes before types are checked: the checker knows has as a macro for fields only, and takes no function
// of that name.
const isPresent = "@has"

// functions are all that can be called. Their types are declared in declarations.
var functions = map[string]function{
	operators.Conditional:   {operator, 3, 3, "a condition and two values of one type"},
	operators.LogicalAnd:    {operator, 2, 2, "conditions"},
	operators.LogicalOr:     {operator, 2, 2, "conditions"},
	operators.LogicalNot:    {operator, 1, 1, "a condition"},
	operators.Equals:        {operator, 2, 2, "two values of one type"},
	operators.NotEquals:     {operator, 2, 2, "two values of one type"},
	operators.Less:          {operator, 2, 2, "two numbers or two strings"},
	operators.LessEquals:    {operator, 2, 2, "two numbers or two strings"},
	operators.Greater:       {operator, 2, 2, "two numbers or two strings"},
	operators.GreaterEquals: {operator, 2, 2, "two numbers or two strings"},
	operators.Add:           {operator, 2, 2, "two numbers or two strings"},
	operators.Subtract:      {operator, 2, 2, "two numbers"},
	operators.Multiply:      {operator, 2, 2, "two numbers"},
	operators.Divide:        {operator, 2, 2, "two numbers"},
	operators.Modulo:        {operator, 2, 2, "two numbers"},
	operators.Negate:        {operator, 1, 1, "a number"},
	operators.In:            {operator, 2, 2, "a value and a list of its type"},
	"has":                   {global, 1, 1, "a name"},
	"coalesce":              {global, 2, variadic, "values of one type"},
	"number":                {global, 1, 1, "a string, a boolean or a number"},
	"string":                {global, 1, 1, "a string, a boolean or a number"},
	"size":                  {either, 1, 1, "a string or a list"},
	"abs":                   {global, 1, 1, "a number"},
	"ceil":                  {global, 1, 1, "a number"},
	"exp":                   {global, 1, 1, "a number"},
	"floor":                 {global, 1, 1, "a number"},
	"log":                   {global, 1, 1, "a number"},
	"round":                 {global, 1, 1, "a number"},
	"sqrt":                  {global, 1, 1, "a number"},
	"max":                   {global, 2, variadic, "numbers"},
	"min":                   {global, 2, variadic, "numbers"},
	"contains":              {member, 1, 1, "two strings"},
	"startsWith":            {member, 1, 1, "two strings"},
	"endsWith":              {member, 1, 1, "two strings"},
	"matches":               {member, 1, 1, "two strings"},
	"lowerAscii":            {member, 0, 0, "a string"},
	"trim":                  {member, 0, 0, "a string"},
	"split":                 {member, 1, 1, "two strings"},
}

// Of these, CEL's own library declares the types; the rest are in declarations. Keeping to them lets cel-go evaluate most of
// the language too, which the tests compare with.
var standard = []*env.Function{
	env.NewFunction(operators.Conditional),
	env.NewFunction(operators.LogicalAnd),
	env.NewFunction(operators.LogicalOr),
	env.NewFunction(operators.LogicalNot),
	env.NewFunction(operators.NotStrictlyFalse),
	env.NewFunction(operators.Equals),
	env.NewFunction(operators.NotEquals),
	withOverloads(operators.Less, overloads.LessDouble, overloads.LessString),
	withOverloads(operators.LessEquals, overloads.LessEqualsDouble, overloads.LessEqualsString),
	withOverloads(operators.Greater, overloads.GreaterDouble, overloads.GreaterString),
	withOverloads(operators.GreaterEquals, overloads.GreaterEqualsDouble, overloads.GreaterEqualsString),
	withOverloads(operators.Add, overloads.AddDouble, overloads.AddString),
	withOverloads(operators.Subtract, overloads.SubtractDouble),
	withOverloads(operators.Multiply, overloads.MultiplyDouble),
	withOverloads(operators.Divide, overloads.DivideDouble),
	withOverloads(operators.Negate, overloads.NegateDouble),
	withOverloads(operators.In, overloads.InList),
	withOverloads(overloads.Contains, overloads.ContainsString),
	withOverloads(overloads.StartsWith, overloads.StartsWithString),
	withOverloads(overloads.EndsWith, overloads.EndsWithString),
	withOverloads(overloads.Matches, overloads.MatchesString),
}

func withOverloads(name string, ids ...string) *env.Function {
	list := make([]*env.Overload, len(ids))
	for i, id := range ids {
		list[i] = env.NewOverload(id, nil, nil)
	}
	return env.NewFunction(name, list...)
}

// signature is one type that a function of ours has, in CEL's terms. Its id is what the tests bind an implementation to.
type signature struct {
	name, id string
	member   bool
	args     []*cel.Type
	result   *cel.Type
}

func declarations() []signature {
	number, text, truth := cel.DoubleType, cel.StringType, cel.BoolType
	a := cel.TypeParamType("A")
	list := cel.ListType(a)
	out := []signature{
		{operators.Modulo, "modulo_double", false, []*cel.Type{number, number}, number},
		{isPresent, "has_any", false, []*cel.Type{cel.DynType}, truth},
		{"coalesce", "coalesce_any", false, []*cel.Type{a, a}, a},
		{"number", "number_string", false, []*cel.Type{text}, number},
		{"number", "number_bool", false, []*cel.Type{truth}, number},
		{"number", "number_double", false, []*cel.Type{number}, number},
		{"string", "string_string", false, []*cel.Type{text}, text},
		{"string", "string_bool", false, []*cel.Type{truth}, text},
		{"string", "string_double", false, []*cel.Type{number}, text},
		{"size", "size_string_double", false, []*cel.Type{text}, number},
		{"size", "size_list_double", false, []*cel.Type{list}, number},
		{"max", "max_double", false, []*cel.Type{number, number}, number},
		{"min", "min_double", false, []*cel.Type{number, number}, number},
		{"lowerAscii", "string_lower_ascii", true, []*cel.Type{text}, text},
		{"trim", "string_trim", true, []*cel.Type{text}, text},
		{"split", "string_split_string", true, []*cel.Type{text, text}, cel.ListType(text)},
	}
	for _, name := range []string{"abs", "ceil", "exp", "floor", "log", "round", "sqrt"} {
		out = append(out, signature{name, name + "_double", false, []*cel.Type{number}, number})
	}
	return out
}

// language is CEL cut down to what is supported: the environment that sources are parsed in and that scopes extend.
var language = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(&env.LibrarySubset{DisableMacros: true, IncludeFunctions: standard})),
		cel.Macros(cel.ExistsMacro, cel.AllMacro),
		cel.EnableMacroCallTracking(),
	}
	for _, s := range declarations() {
		overload := cel.Overload
		if s.member {
			overload = cel.MemberOverload
		}
		options = append(options, cel.Function(s.name, overload(s.id, s.args, s.result)))
	}
	return cel.NewCustomEnv(options...)
})

// functionNames are the names that a caller may write, sorted.
func functionNames() []string {
	out := []string{operators.Exists, operators.All}
	for name, f := range functions {
		if f.form != operator {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
