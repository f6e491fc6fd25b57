package playbook

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

var nameShape = regexp.MustCompile(`^[\pL\pN][\pL\pN_.-]{0,63}$`)

// wellNamed complains of a name that could not be written elsewhere without quotes.
func (r *reader) wellNamed(at ast.Node, what, name string) bool {
	if nameShape.MatchString(name) {
		return true
	}
	r.Fail(at, "%s: expected up to 64 letters, digits, -, _ and dots, beginning with a letter or digit, got %q", what, name)
	return false
}

// name reads a name.
func (r *reader) name(e yamlfile.Entry) string {
	s := r.Text(e)
	if s != "" && !r.wellNamed(e.Value, e.Key, s) {
		return ""
	}
	return s
}

// names reads a name, or a list of different ones.
func (r *reader) names(e yamlfile.Entry) []string {
	if _, list := e.Value.(*ast.SequenceNode); !list {
		if s := r.Text(e); s != "" {
			return []string{s}
		}
		return nil
	}
	names := r.Names(e)
	switch {
	case len(e.Value.(*ast.SequenceNode).Values) == 0:
		r.Fail(e.Value, "%s: expected at least one", e.Key)
	case len(names) > maxNames:
		r.Fail(e.Value, "%s: at most %d are accepted, got %d", e.Key, maxNames, len(names))
	}
	return names
}

// oneOf reads one of a few words.
func oneOf[S ~string](r *reader, e yamlfile.Entry, words ...S) S {
	s, _ := yamlfile.Scalar(e.Value)
	if slices.Contains(words, S(s)) {
		return S(s)
	}
	known := make([]string, len(words))
	for i, w := range words {
		known[i] = string(w)
	}
	r.Suggest(e.Value, yamlfile.Nearest(s, known), "%s: unknown %q", e.Key, s)
	return words[0]
}

// number reads a number from least to most.
func (r *reader) number(e yamlfile.Entry, least, most float64) float64 {
	s, _ := yamlfile.Scalar(e.Value)
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= least && x <= most) {
		r.Fail(e.Value, "%s: expected a number from %v to %v", e.Key, least, most)
		return least
	}
	return x
}

// formula reads a number or an expression. A constant has to lie from least to most.
func (r *reader) formula(e yamlfile.Entry, least, most float64) *Formula {
	f := r.compiled(e)
	if f == nil || len(f.Variables()) > 0 {
		return f
	}
	switch x := f.Eval(&Facts{}); {
	case math.IsNaN(x):
		r.Fail(e.Value, "%s: this is never a number", e.Key)
	case x < least:
		r.Fail(e.Value, "%s: expected %v or more, got %v", e.Key, least, x)
	case x > most:
		r.Fail(e.Value, "%s: expected %v or less, got %v", e.Key, most, x)
	}
	return f
}

// compiled compiles a formula, or finds it compiled.
func (r *reader) compiled(e yamlfile.Entry) *Formula {
	source, _ := yamlfile.Scalar(e.Value)
	if f, ok := r.formulas[source]; ok {
		return f
	}
	f := yamlfile.Compile(&r.Document, e, expr.CompileNumber[Facts], expr.Scope[Facts](r.scope))
	if f != nil {
		r.formulas[source] = f
	}
	return f
}

// constant is the formula of a number.
func (r *reader) constant(x float64) *Formula {
	source := strconv.FormatFloat(x, 'g', -1, 64)
	f, ok := r.formulas[source]
	if !ok {
		var err error
		if f, err = expr.CompileNumber(source, expr.Scope[Facts](r.scope)); err != nil {
			panic("playbook: a default does not compile: " + err.Error()) // there are two, and every file has them
		}
		r.formulas[source] = f
	}
	return f
}

// minuteOfDay reads a time of day such as 22:00.
func (r *reader) minuteOfDay(e yamlfile.Entry) int {
	s, _ := yamlfile.Scalar(e.Value)
	t, err := time.Parse("15:04", s)
	if err != nil {
		r.Suggest(e.Value, `put it in quotes, as in "22:00"`, "%s: expected a time of day, got %q", e.Key, s)
		return 0
	}
	return t.Hour()*60 + t.Minute()
}

// period reads a duration, or a window of the calendar.
func (r *reader) period(e yamlfile.Entry) Period {
	s, _ := yamlfile.Scalar(e.Value)
	switch c := Calendar(s); c {
	case Day, Week, Month:
		return Period{Calendar: c}
	}
	d, err := yamlfile.ParseDuration(s)
	if err != nil || d < time.Second || d > longest {
		r.Suggest(e.Value, "durations roll; day, week and month go by the calendar", "per: expected a duration such as 24h or 7d, up to %s, or day, week or month, got %q",
			yamlfile.FormatDuration(longest), s)
	}
	return Period{Rolling: d}
}

// required complains of keys that are not there; of what is no mapping, the complaint was made.
func (r *reader) required(n ast.Node, what string, given []yamlfile.Entry, keys ...string) bool {
	if given == nil {
		return false
	}
	ok := true
	for _, key := range keys {
		if !slices.ContainsFunc(given, func(e yamlfile.Entry) bool { return e.Key == key }) {
			r.Fail(n, "%s: %s is missing", what, key)
			ok = false
		}
	}
	return ok
}
