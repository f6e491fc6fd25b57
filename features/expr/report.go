package expr

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// report collects the problems of one source, and says them in words that know nothing of CEL's inside.
type report struct {
	source string
	info   *ast.SourceInfo
	places map[int64]int // where expressions are that the parser does not know, or places elsewhere; in characters from the start
	errs   Errors
}

// at adds a problem of an expression.
func (r *report) at(id int64, message, hint string) { r.add(r.place(id), message, hint) }

// place is where an expression begins, or its operator is: how many characters are before.
func (r *report) place(id int64) int {
	if at, ok := r.places[id]; ok {
		return at
	}
	at, _ := r.info.GetOffsetRange(id)
	return r.callee(int(at.Start))
}

// callee is where the name before a call's bracket begins: the parser places calls at the bracket.
func (r *report) callee(character int) int {
	text := []rune(r.source)
	if character >= len(text) || text[character] != '(' {
		return character
	}
	for character > 0 && unicode.IsSpace(text[character-1]) {
		character--
	}
	for character > 0 && (text[character-1] == '_' || unicode.IsLetter(text[character-1]) || unicode.IsDigit(text[character-1])) {
		character--
	}
	return character
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
	if strings.Contains(message, "recursion") {
		return "the expression is nested too deep", "split it into several"
	}
	if token, ok := strings.CutPrefix(message, "missing "); ok {
		token, _, _ = strings.Cut(token, " at ")
		return "missing " + strings.Trim(token, "'"), ""
	}
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
	if strings.ContainsFunc(token, unicode.IsControl) {
		token = strconv.QuoteToASCII(token)
	}
	return "unexpected " + token, hint
}

// What the checker says, and what it is about.
var (
	noOverload = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)
	mismatch   = regexp.MustCompile(`^expected type '(.*)' but found '(.*)'$`)
	noFields   = regexp.MustCompile(`^type '(.*)' does not support field selection$`)
	noRange    = regexp.MustCompile(`^expression of type '(.*)' cannot be range of a comprehension`)
)

// types adds what the checker found.
func (r *report) types(errs []*common.Error) {
	for _, e := range errs {
		message, hint := typeMessage(e.Message)
		if e.ExprID == 0 {
			r.add(r.characters(e.Location), message, hint)
			continue
		}
		r.at(e.ExprID, message, hint)
	}
}

func typeMessage(checker string) (message, hint string) {
	if found := noOverload.FindStringSubmatch(checker); found != nil {
		if found[1] == "contains" && strings.HasPrefix(found[2], "list") {
			hint = "write x in list"
		}
		return fmt.Sprintf("%s takes %s, not %s", symbol(found[1]), functions[found[1]].needs, typeNames(found[2])), hint
	}
	if found := mismatch.FindStringSubmatch(checker); found != nil {
		return fmt.Sprintf("this has to be %s, and is %s", typeNames(found[1]), typeNames(found[2])), ""
	}
	if found := noFields.FindStringSubmatch(checker); found != nil {
		return typeNames(found[1]) + " has no fields", ""
	}
	if found := noRange.FindStringSubmatch(checker); found != nil {
		return "exists and all go over a list, not " + typeNames(found[1]), ""
	}
	return checker, ""
}

var celTypes = strings.NewReplacer(
	"list(string)", "a list of strings", "list(double)", "a list of numbers", "list(bool)", "a list of booleans", "list(dyn)", "a list",
	"double", "a number", "bool", "a boolean", "string", "a string", "dyn", "any value",
	"()", "", ".(", " and ", "(", "", ")", "", ", ", " and ")

// typeNames says CEL's types and signatures in words: "string.(double)" is "a string and a number".
func typeNames(cel string) string { return strings.TrimSuffix(celTypes.Replace(cel), ".") }

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
