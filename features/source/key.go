package source

import (
	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// key is an expression that tells rows apart, such as the customer's. One that is nothing but a column is found by the scan
// without taking the row apart.
type key struct {
	column  int // -1: an expression
	program *expr.Phrase[record]
}

func (p *mappingParser) key(e yamlfile.Entry) *key {
	program := yamlfile.Compile(&p.Document, e, expr.CompileText[record], p.scope)
	if program == nil {
		return nil
	}
	return &key{column: p.column(e), program: program}
}

// text is the key of a row; "" when it has none, or there is no such key.
func (k *key) text(r *record) string {
	switch {
	case k == nil:
		return ""
	case k.column >= 0:
		return r.fields[k.column]
	}
	return k.program.Eval(r)
}
