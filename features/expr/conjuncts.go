package expr

import (
	"math"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/parser"
)

// Conjuncts takes a condition apart at its outermost &&, into sources in canonical form: all of them hold exactly when the condition
// does. What does not compile is returned whole.
func Conjuncts(source string) []string {
	env, err := language()
	if err != nil || len(source) > maxSource {
		return []string{source}
	}
	parsed, issues := env.Parse(source)
	if issues.Err() != nil {
		return []string{source}
	}
	var out []string
	var split func(ast.Expr) bool
	split = func(e ast.Expr) bool {
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
			args := e.AsCall().Args()
			return split(args[0]) && split(args[1])
		}
		text, err := parser.Unparse(e, parsed.NativeRep().SourceInfo(), parser.WrapOnColumn(math.MaxInt))
		out = append(out, text)
		return err == nil
	}
	if !split(parsed.NativeRep().Expr()) {
		return []string{source}
	}
	return out
}
