package expr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"github.com/agnivade/levenshtein"
)

// name replaces a dotted name by the identifier of its variable, followed by the fields that the variable itself does not cover.
func (r *resolver[T]) name(e ast.Expr) {
	steps, path := r.dotted(e)
	if steps == nil {
		return
	}
	if path[0] == r.element {
		r.rebuild(e, steps, path, path[0], 1)
		return
	}
	for n := len(path); n > 0; n-- {
		if v, ok := r.scope.Resolve(path[:n:n]); ok && (n == len(path) || v.Type == Any) {
			r.rebuild(e, steps, path, r.identifier(strings.Join(path[:n], "."), v), n)
			return
		}
	}
	name := strings.Join(path, ".")
	r.report.at(steps[0].ID(), fmt.Sprintf("unknown name %s", name), didYouMean(name, r.scope.Names()))
}

// dotted takes a name apart, the root first: each step and its key. It reports what is no name, and returns nil.
func (r *resolver[T]) dotted(e ast.Expr) (steps []ast.Expr, path []string) {
	at := e
	for at.Kind() != ast.IdentKind {
		key, operand, ok := r.step(at)
		if !ok {
			return nil, nil
		}
		steps, path, at = append(steps, at), append(path, key), operand
	}
	steps, path = append(steps, at), append(path, at.AsIdent())
	slices.Reverse(steps)
	slices.Reverse(path)
	return steps, path
}

// step is the last key of x.key or x["key"], and x.
func (r *resolver[T]) step(e ast.Expr) (key string, operand ast.Expr, ok bool) {
	switch {
	case e.Kind() == ast.SelectKind:
		return e.AsSelect().FieldName(), e.AsSelect().Operand(), true
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index:
		args := e.AsCall().Args()
		if args[1].Kind() == ast.LiteralKind {
			if key, ok := args[1].AsLiteral().(types.String); ok {
				return string(key), args[0], true
			}
		}
		r.report.at(args[1].ID(), "an index has to be a constant string", "of a list, use exists or size")
	default:
		r.report.at(e.ID(), "fields can only be read from a name", "")
	}
	return "", nil, false
}

// rebuild makes e the identifier, followed by the fields of path from n on. The steps lend their ids; the place of it all
// is where the name begins.
func (r *resolver[T]) rebuild(e ast.Expr, steps []ast.Expr, path []string, identifier string, n int) {
	r.report.places[e.ID()] = r.report.place(steps[0].ID())
	if n == len(path) {
		e.SetKindCase(r.factory.NewIdent(e.ID(), identifier))
		return
	}
	at := r.factory.NewIdent(steps[n-1].ID(), identifier)
	for i := n; i < len(path)-1; i++ {
		at = r.factory.NewSelect(steps[i].ID(), at, path[i])
	}
	e.SetKindCase(r.factory.NewSelect(e.ID(), at, path[len(path)-1]))
}

// identifier is what stands for a variable from here on: a name that no source can spell.
func (r *resolver[T]) identifier(name string, v Variable[T]) string {
	if id, ok := r.names[name]; ok {
		return id
	}
	id := "$" + strconv.Itoa(len(r.names))
	r.names[name] = id
	r.variables[id] = v
	return id
}

// didYouMean is a hint that names the known name nearest to an unknown one, "" when none is near.
func didYouMean(name string, known []string) string {
	best, distance := "", max(2, len(name)/4)+1
	for _, candidate := range known {
		if strings.HasSuffix(candidate, "."+name) || strings.HasSuffix(name, "."+candidate) {
			best = candidate
			break
		}
		if d := levenshtein.ComputeDistance(name, candidate); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}
