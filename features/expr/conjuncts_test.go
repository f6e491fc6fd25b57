package expr

import (
	"slices"
	"testing"
)

func TestConjuncts(t *testing.T) {
	for source, want := range map[string][]string{
		`customer.known`: {`customer.known`},
		`features.orders_30d>1&&( customer.known && event.name=='a') && !("vip" in tags)`: {
			`features.orders_30d > 1`, `customer.known`, `event.name == "a"`, `!("vip" in tags)`,
		},
		`customer.known && true || event.name == "a && b"`: {`customer.known && true || event.name == "a && b"`},
		`customer.known ? true : false && true`:            {`customer.known ? true : (false && true)`},
		`tags.exists(t, t == "a" && size(t) > 1) && (true || false)`: {
			`tags.exists(t, t == "a" && size(t) > 1)`, `true || false`,
		},
		`1 >`: {`1 >`},
	} {
		got := Conjuncts(source)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", source, got)
		}
	}
}

func TestConjunctsHoldWhenTheWholeDoes(t *testing.T) {
	whole, err := CompileBool(rule, table{})
	if err != nil {
		t.Fatal(err)
	}
	var parts []*Predicate[input]
	for _, source := range Conjuncts(rule) {
		part, err := CompileBool(source, table{})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	if len(parts) != 6 {
		t.Fatalf("%d parts", len(parts))
	}
	for _, in := range inputs(500) {
		all := !slices.ContainsFunc(parts, func(p *Predicate[input]) bool { return !p.Eval(in) })
		if all != whole.Eval(in) {
			t.Fatalf("the parts say %v of %+v", all, in)
		}
	}
}

func TestSlowPatternsAreRefused(t *testing.T) {
	for source, fine := range map[string]bool{
		`event.name.matches("(a+)+$")`:                  true,
		`event.name.matches("^[a-z0-9]{1,300}$")`:       true,
		`event.name.matches("(投诉|举报|曝光)+")`:             true,
		`event.name.matches("((a?){30}){30}x")`:         false,
		`event.name.matches("[ab]{900}c{900}")`:         false,
		`event.name.matches("(.*)(x{100}|y{900})(.*)")`: false,
	} {
		if _, err := CompileBool(source, table{}); (err == nil) != fine {
			t.Errorf("%s: %v", source, err)
		}
	}
}
