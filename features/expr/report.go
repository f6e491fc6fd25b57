package expr

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// report collects the problems of one source, and says them in words that know nothing of CEL's inside.
type report struct {
	source string
	info   *ast.SourceInfo
	moved  map[int64]int64 // ids of expressions that were made here -> the one they were made from
	errs   Errors
}

// at adds a problem of an expression.
func (r *report) at(id int64, message, hint string) {
	for from, ok := r.moved[id]; ok; from, ok = r.moved[id] {
		id = from
	}
	place, _ := r.info.GetOffsetRange(id)
	r.add(int(place.Start), message, hint)
}

// add adds a problem at a number of characters from the start.
func (r *report) add(characters int, message, hint string) {
	e := Error{Line: 1, Column: 1, Message: message, Hint: hint}
	for offset, c := range r.source {
		if characters <= 0 {
			break
		}
		characters--
		e.Offset = offset + utf8.RuneLen(c)
		e.Column++
		if c == '\n' {
			e.Line, e.Column = e.Line+1, 1
		}
	}
	if !slices.Contains(r.errs, e) {
		r.errs = append(r.errs, e)
	}
}

// err is all problems in the order of the source, nil when there are none.
func (r *report) err() error {
	if len(r.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errs, func(a, b Error) int { return cmp.Compare(a.Offset, b.Offset) })
	return r.errs
}

// syntax adds what the parser found. Only the first is told: those after it tend to follow from it.
func (r *report) syntax(errs []*common.Error) {
	if len(errs) == 0 {
		return
	}
	first := slices.MinFunc(errs, func(a, b *common.Error) int {
		return cmp.Or(cmp.Compare(a.Location.Line(), b.Location.Line()), cmp.Compare(a.Location.Column(), b.Location.Column()))
	})
	message, hint := syntaxMessage(first.Message)
	r.add(r.characters(first.Location), message, hint)
}

// characters is how many of them are before a place.
func (r *report) characters(place common.Location) int {
	before := 0
	for i, line := range strings.SplitAfter(r.source, "\n") {
		if i+1 >= place.Line() {
			break
		}
		before += utf8.RuneCountInString(line)
	}
	return before + max(place.Column(), 0)
}

var unexpected = regexp.MustCompile(`(?s)(?:mismatched input|extraneous input|no viable alternative at input|token recognition error at:) '(.*?)'(?: expecting .*)?$`)

// Words and signs of other languages, and what is written for them here.
var foreign = map[string]string{"and": "&&", "or": "||", "not": "!", "=": "==", "&": "&&", "|": "||", "<>": "!=", "===": "=="}

func syntaxMessage(parser string) (message, hint string) {
	message = strings.TrimPrefix(parser, "Syntax error: ")
	found := unexpected.FindStringSubmatch(message)
	if found == nil {
		return message, ""
	}
	token := strings.TrimSpace(found[1])
	if token == "<EOF>" || token == "" {
		return "the expression ends too early", ""
	}
	if ours, ok := foreign[token]; ok {
		hint = "write " + ours
	}
	return "unexpected " + token, hint
}

var noOverload = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)

// types adds what the checker found.
func (r *report) types(errs []*common.Error) {
	for _, e := range errs {
		message := e.Message
		if found := noOverload.FindStringSubmatch(message); found != nil {
			message = fmt.Sprintf("%s takes %s, not %s", symbol(found[1]), functions[found[1]].needs, typeNames(found[2]))
		} else {
			message = strings.ReplaceAll(typeNames(message), "'", "")
		}
		if e.ExprID == 0 {
			r.add(r.characters(e.Location), message, "")
			continue
		}
		r.at(e.ExprID, message, "")
	}
}

var celTypes = strings.NewReplacer(
	"list(string)", "list of strings", "list(double)", "list of numbers", "list(bool)", "list of booleans", "list(dyn)", "list",
	"double", "number", "bool", "boolean", "dyn", "any value",
	").", ", ", ".(", ", ", "()", "", "(", "", ")", "")

// typeNames says CEL's types and signatures in words: "string.(double)" is "string, number".
func typeNames(cel string) string { return strings.TrimSuffix(celTypes.Replace(cel), ", ") }

// symbol is how a function is written: && for _&&_.
func symbol(name string) string {
	switch name {
	case operators.Conditional:
		return "?:"
	case operators.In:
		return "in"
	}
	if f, ok := functions[name]; ok && f.form == operator {
		return strings.Trim(name, "_")
	}
	return name
}
