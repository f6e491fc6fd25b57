package playbook

import "github.com/halfstep-ml/halfstep/features/expr"

// Condition compiles a condition by itself. The error is of type expr.Errors.
func Condition(source string, v Vocabulary) (*Predicate, error) {
	return expr.CompileBool(source, expr.Scope[Facts](newScope(v)))
}
