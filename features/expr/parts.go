package expr

import (
	"math"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// Logic is how the parts of a condition make it hold.
type Logic uint8

// The kinds of parts.
const (
	Leaf Logic = iota // has no parts
	All               // holds when all parts do
	Some              // holds when any part does
	Not               // holds when its one part does not
)

// Part is a condition taken apart at its &&, || and !.
type Part struct {
	Logic  Logic
	Parts  []Part
	Source string   // of a Leaf, in canonical form
	Texts  []string // of a Leaf: the strings that it compares with, in the order written
}

// Parts takes a condition apart. What does not compile is a Leaf.
func Parts(source string) Part {
	whole := Part{Source: source}
	env, err := language()
	if err != nil || len(source) > maxSource {
		return whole
	}
	parsed, issues := env.Parse(source)
	if issues.Err() != nil {
		return whole
	}
	return takeApart(parsed.NativeRep().Expr(), parsed.NativeRep().SourceInfo())
}

var connectives = map[string]Logic{operators.LogicalAnd: All, operators.LogicalOr: Some, operators.LogicalNot: Not}

func takeApart(e ast.Expr, info *ast.SourceInfo) Part {
	if e.Kind() == ast.CallKind {
		if logic, ok := connectives[e.AsCall().FunctionName()]; ok {
			p := Part{Logic: logic}
			for _, arg := range e.AsCall().Args() {
				p.Parts = append(p.Parts, takeApart(arg, info))
			}
			return p
		}
	}
	// What was parsed can be written out again.
	source, _ := parser.Unparse(e, info, parser.WrapOnColumn(math.MaxInt))
	p := Part{Source: source}
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.LiteralKind {
			if text, ok := e.AsLiteral().(types.String); ok {
				p.Texts = append(p.Texts, string(text))
			}
		}
	}))
	return p
}
