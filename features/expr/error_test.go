package expr

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

var wrong = map[string]string{
	"":                                       "1:1: the expression is empty",
	`features.orders_30 > 1`:                 "1:1: unknown name features.orders_30 (did you mean features.orders_30d?)",
	`1 < orders_30d`:                         "1:5: unknown name orders_30d (did you mean features.orders_30d?)",
	`nonsense == 1`:                          "1:1: unknown name nonsense",
	`features.orders_30d.x > 1`:              "1:1: unknown name features.orders_30d.x (did you mean features.orders_30d?)",
	`features.orders_30d`:                    "1:1: this has to be a boolean, and is a number (compare it, as in x > 0)",
	`true && event.name`:                     "1:9: this has to be a boolean, and is a string",
	`features.orders_30d > "x"`:              "1:21: > takes two numbers or two strings, not a number and a string",
	`customer.known + 1 > 2`:                 "1:16: + takes two numbers or two strings, not a boolean and a number",
	`customer.known ? 1 : "x"`:               "1:16: ?: takes a condition and two values of one type, not a boolean and a number and a string",
	`event.name in [1, 2]`:                   "1:12: in takes a value and a list of its type, not a string and a list of numbers",
	`event.name in [event.name]`:             "1:16: a list can only hold constants (compare with each other value by ==, joined by ||)",
	`tags == properties.x`:                   "1:6: lists cannot be compared (use in, exists, all or size)",
	`tags.contains("vip")`:                   "1:6: contains takes two strings, not a list of strings and a string (write x in list)",
	`tags.exists(t, t.x == 1)`:               "1:16: a string has no fields",
	`event.name.exists(t, true)`:             "1:1: exists and all go over a list, not a string",
	`event.name.matches("(")`:                "1:20: error parsing regexp: missing closing ): `(` (the syntax is RE2's)",
	`event.name.matches(tags)`:               "1:20: matches takes a constant regular expression",
	`event.name.startswith("x")`:             "1:12: unknown function startswith (did you mean startsWith?)",
	`contains(event.name, "x")`:              "1:1: contains is called on a string (write x.contains(...))",
	`event.name.abs() > 1`:                   "1:12: abs is not called on a value (write abs(x))",
	`max (1) > 0`:                            "1:1: max takes 2 to 16 arguments, not 1",
	`has() || abs(1, 2) > 0`:                 "1:1: has takes 1 argument, not 0\n1:10: abs takes 1 argument, not 2",
	`int(1) > 0`:                             "1:1: int is not supported (write number(x))",
	`timestamp("x") == 1`:                    "1:1: timestamp is not supported",
	`size(tags.filter(t, true)) > 1`:         "1:11: filter is not supported (of loops there are exists and all)",
	`tags.exists(t, tags.exists(u, u == t))`: "1:21: a loop inside a loop is not supported",
	`tags.exists(1)`:                         "1:6: exists is written list.exists(v, condition)",
	`tags[0] == "x"`:                         "1:6: an index has to be a constant string (of a list, use exists or size)",
	`null == event.name`:                     "1:1: null is not supported (test presence with has(x) or !has(x))",
	`properties.id == 9007199254740993`:      "1:18: a number cannot hold this many digits (of an id, compare string(x) with a string)",
	`coalesce(properties.x, "a") == 1`:       "1:29: a string is compared with a number",
	`features.orders_30d / 0 > 1`:            "1:23: this divides by zero",
	`1 % 0.0 > 1`:                            "1:5: this divides by zero",
	`1u > 2`:                                 "1:1: unsigned numbers are not supported (write it without the u)",
	`b"x" == "x"`:                            "1:1: bytes are not supported (write it without the b)",
	`[1] == 2`:                               "1:1: a list can only stand on the right of in",
	`{"a": 1} == 2`:                          "1:1: maps are not supported",
	`T{a: 1} == 2`:                           "1:2: messages are not supported",
	`(1 + 2).x > 2`:                          "1:4: fields can only be read from a name",
	`customer.known and true`:                "1:16: unexpected and (write &&)",
	`event.name = "x"`:                       "1:12: unexpected = (write ==)",
	`1 >`:                                    "1:4: the expression ends too early",
	`(true`:                                  "1:6: missing )",
	"true \x01":                              `1:6: unexpected "\x01"`,
	"\"\x80\" == \"\"":                       "1:1: the expression is not valid UTF-8",
	`"` + strings.Repeat("x", 5000) + `"`:    "1:1: the expression has 5002 bytes, more than 4096 (split it into several)",
	strings.Repeat("(", 999) + "1" + strings.Repeat(")", 999): "1:1: the expression is nested too deep (split it into several)",
	strings.Repeat("true && ", 200) + "true":                  "1:1022: more than 256 names, literals and operators (split it into several expressions)",
}

func TestErrors(t *testing.T) {
	for source, want := range wrong {
		_, err := CompileBool(source, table{})
		if err == nil || err.Error() != want {
			t.Errorf("%.60s: %v", source, err)
		}
	}
}

func TestErrorPlaces(t *testing.T) {
	source := "customer.known &&\n  (event.name == \"é\" && features.orders_3d > 1\n  || bogus)"
	_, err := CompileBool(source, table{})
	var errs Errors
	if !errors.As(err, &errs) || len(errs) != 2 {
		t.Fatal(err)
	}
	first := errs[0]
	if first.Line != 2 || first.Column != 25 || !strings.HasPrefix(source[first.Offset:], "features.orders_3d") || first.Hint == "" {
		t.Errorf("%+v", first)
	}
	if second := errs[1]; second.Line != 3 || second.Column != 6 || !strings.HasPrefix(source[second.Offset:], "bogus") {
		t.Errorf("%+v", second)
	}
	var one Error
	if !errors.As(err, &one) || one != first {
		t.Errorf("errors.As finds %+v", one)
	}
}

func TestWrongResult(t *testing.T) {
	_, number := CompileNumber(`customer.known`, table{})
	_, text := CompileText(`1 + 2`, table{})
	_, list := CompileText(`tags`, table{})
	for want, err := range map[string]error{
		"1:1: this has to be a number, and is a boolean (write condition ? 1 : 0)": number,
		"1:3: this has to be a string, and is a number (write string(x))":          text,
		"1:1: this has to be a string, and is a list of strings":                   list,
	} {
		if err == nil || err.Error() != want {
			t.Error(err)
		}
	}
}

func TestSourceAndVariables(t *testing.T) {
	compile := func(source string) *Predicate[input] {
		p, err := CompileBool(source, table{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a := compile(`features.orders_30d>1&&( tags.exists(t,t==event.name)||properties.product.sku=='x') && features.orders_30d < 9`)
	b := compile("features.orders_30d > 1\n\t&& (tags.exists(t, t == event.name) || properties.product.sku == \"x\") && features.orders_30d < 9")
	if a.Source() != b.Source() || strings.Contains(a.Source(), "\n") {
		t.Errorf("%s\n%s", a.Source(), b.Source())
	}
	if c := compile(`features.orders_30d > 2`); c.Source() == a.Source() {
		t.Error("other expressions have the same source")
	}
	if want := []string{"event.name", "features.orders_30d", "properties.product", "tags"}; !slices.Equal(a.Variables(), want) {
		t.Errorf("variables are %q", a.Variables())
	}
}

// FuzzCompile looks for sources that crash the compiler or a program, or whose canonical form does not compile to the same.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`features.orders_30d / max(features.visits_7d, 1) > 0.5 && event.name in ["a", 'b']`,
		`properties.products.exists(p, p["category"] == "x" && !has(p.price)) ? tags.all(t, t.matches("^a")) : properties.a["b c"]`,
		`coalesce(number(properties.n), 1, -2) % 3 == size(event.name.trim().split(",")) || "\u00e9" + string(1.5e9) != "x"`,
		`-(-1) - (2 - 3) * (4 / (5 % 6)) < 1u || null == b"x" || {1: 2}.x || [1] == T{a: 1} || a.?b || x[?0]`,
		"!!!true\n&& // comment\n(1 > 2)", `r"\d" == """a"b""" || .event.name == 0x1F`,
	} {
		f.Add(seed)
	}
	in, empty := sample(), &input{}
	f.Fuzz(func(t *testing.T, source string) {
		g, err := CompileValue(source, table{})
		if err != nil {
			var errs Errors
			if !errors.As(err, &errs) || len(errs) == 0 || errs[0].Offset > len(source) || errs[0].Line < 1 || errs[0].Column < 1 {
				t.Fatalf("%q: %#v", source, err)
			}
			return
		}
		g.Eval(empty)
		v := g.Eval(in)
		again, err := CompileValue(g.Source(), table{})
		if err != nil {
			t.Fatalf("%q is written as %q: %v", source, g.Source(), err)
		}
		if w := again.Eval(in); v.Kind != w.Kind || v.Num != w.Num || v.Str != w.Str {
			t.Fatalf("%q is %v, and %v as %q", source, v, w, g.Source())
		}
	})
}
