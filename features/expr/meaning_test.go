package expr

import (
	"math"
	"testing"

	"github.com/halfstep-ml/halfstep/features/event"
)

var conditions = map[string]bool{
	// comparisons of what is there
	`features.orders_30d == 3`:                             true,
	`features.orders_30d != 3`:                             false,
	`3 < features.spent_30d`:                               true,
	`features.orders_30d < features.visits_7d`:             true,
	`event.name == "Product Added"`:                        true,
	`event.name != 'Product Added'`:                        false,
	`event.name < "Q"`:                                     true,
	`properties.path == "/checkout"`:                       true,
	`properties.price > 19`:                                true,
	`properties.price > properties.quantity`:               true,
	`properties.path != properties.note`:                   true,
	`properties.gift == true`:                              true,
	`properties.off == false`:                              true,
	`properties.off != customer.known`:                     true,
	`customer.known == (features.orders_30d > 1)`:          true,
	`properties["a b"] == "spaced"`:                        true,
	`properties.product.sku == "A-1"`:                      true,
	`properties["product"]["maker"].city == "Wuhan"`:       true,
	`1/2 == 0.5 && 7 % 4 == 3 && -features.orders_30d < 0`: true,
	// logic
	`customer.known && features.orders_30d > 1 || false`:               true,
	`!customer.known || features.orders_30d > 100`:                     false,
	`customer.known && properties.gift && features.visits_7d >= 7`:     true,
	`properties.off || properties.path || features.visits_7d > 7`:      false,
	`customer.known ? properties.gift : properties.off`:                true,
	`(customer.known ? properties.gift : features.orders_30d) == true`: true,
	// one of
	`event.name in ["Search", "Product Added"]`:              true,
	`properties.path in ["/cart"]`:                           false,
	`properties.quantity in [1, 2]`:                          true,
	`properties.quantity in ["2"]`:                           false,
	`features.orders_30d in [1, 2, 3, 4, 5, 6, 7, 8, 9, -1]`: true,
	`customer.known in [false]`:                              false,
	`properties.gift in [true, "x"]`:                         true,
	`features.orders_30d in []`:                              false,
	`"vip" in tags && !("new" in tags)`:                      true,
	`"a" in properties.codes && 1 in properties.codes`:       true,
	`properties.id in properties.codes`:                      false,
	`"b" in properties.path`:                                 false,
	// strings
	`properties.path.startsWith("/check")`:                   true,
	`event.name.endsWith(" Added")`:                          true,
	`properties.note.lowerAscii().contains("hello w")`:       true,
	`properties.note.trim() == "Hello WORLD"`:                true,
	`event.name.matches("^P.*d$")`:                           true,
	`event.name.contains(properties.path)`:                   false,
	`event.name + "!" == "Product Added!"`:                   true,
	`size(event.name) == 13 && event.name.size() > 12.5`:     true,
	`"added" in event.name.lowerAscii().split(" ")`:          true,
	`string(1.0) + string(true) + string(2.5) == "1true2.5"`: true,
	`string(1000000000000) == "1000000000000"`:               true,
	`number(properties.amount) == 12.5`:                      true,
	`number(" 1e3 ") == 1000 && number(true) == 1`:           true,
	// lists
	`size(tags) == 2 && size(properties.codes) == 3 && size(properties.product) == 2`:  true,
	`properties.products.exists(p, p.category == "y" && p.price > features.visits_7d)`: true,
	`properties.products.exists(p, p.category == "x" && p.price > features.visits_7d)`: false,
	`properties.products.all(p, p.price > 0)`:                                          true,
	`properties.products.all(p, has(p.category))`:                                      false,
	`tags.exists(t, t.startsWith("night") && customer.known)`:                          true,
	`tags.all(t, t == event.name || t in ["vip"] || size(tags) > 5)`:                   false,
	`properties.codes.exists(c, c == 1) && properties.none.all(c, false)`:              true,
	`properties.products.exists(p, p["category"] in ["y"])`:                            true,
}

func TestConditions(t *testing.T) {
	for source, want := range conditions {
		check := func(source string, want bool) {
			t.Helper()
			p, err := CompileBool(source, table{})
			if err != nil {
				t.Errorf("%s: %v", source, err)
			} else if got := p.Eval(sample()); got != want {
				t.Errorf("%s is %v", source, got)
			}
		}
		check(source, want)
		check("!("+source+")", !want)
	}
}

var conditionsOnMissing = map[string]bool{
	`features.returns_90d == 1`:                                              false,
	`features.returns_90d != 1`:                                              false,
	`features.returns_90d < 1 || features.returns_90d >= 1`:                  false,
	`features.returns_90d == features.returns_90d`:                           false,
	`features.returns_90d in [1]`:                                            false,
	`properties.absent == "x"`:                                               false,
	`properties.absent != "x"`:                                               false,
	`properties.absent != properties.path`:                                   false,
	`properties.absent == properties.nothing`:                                false,
	`properties.absent == false || properties.absent == true`:                false,
	`properties.nothing != 0`:                                                false,
	`properties.absent in ["x"] || properties.absent in tags`:                false,
	`properties.absent in properties.codes`:                                  false,
	`"x" in properties.absent`:                                               false,
	`!properties.absent`:                                                     true,
	`!(properties.absent > 1)`:                                               true,
	`properties.absent ? true : false`:                                       false,
	`properties.absent.contains("x")`:                                        false,
	`properties.absent.matches(".*")`:                                        false,
	`event.name.contains(properties.absent)`:                                 false,
	`properties.absent.lowerAscii() == ""`:                                   false,
	`properties.absent + "x" != "y"`:                                         false,
	`size(properties.absent) >= 0`:                                           false,
	`properties.absent.exists(p, true)`:                                      false,
	`properties.absent.all(p, true)`:                                         false,
	`properties.path.all(p, true)`:                                           false,
	`properties.path.deeper.still == "x"`:                                    false,
	`properties.product.maker.street != "x"`:                                 false,
	`features.orders_30d / (1 - 1) < 1 || features.orders_30d / (1 - 1) > 1`: false,
	`features.orders_30d % (1 - 1) == 0`:                                     false,
	`sqrt(-1) < 1 || log(0) < 1 || log(-1) < 1`:                              false,
	// another type than the place asks for
	`properties.path > 1`:                      false,
	`properties.path != 1`:                     false,
	`properties.price == "19.5"`:               false,
	`properties.price != properties.path`:      false,
	`properties.price.startsWith("1")`:         false,
	`properties.product == properties.product`: false,
	`properties.gift == 1`:                     false,
	`number(properties.path) < 1`:              false,
	`number("NaN") != 1 || number("0x10") > 0 || number("Inf") > 0 || number("") >= 0`: false,
	// presence
	`has(features.orders_30d) && has(properties.path) && has(event.name) && has(tags) && has(customer.known)`: true,
	`has(features.returns_90d) || has(properties.absent) || has(properties.nothing)`:                          false,
	`has(properties.product.maker.city) && !has(properties.product.maker.street)`:                             true,
	`has(1 / features.orders_30d) && !has(features.orders_30d / (1 - 1))`:                                     true,
	`coalesce(features.returns_90d, 0) == 0`:                                                                  true,
	`coalesce(properties.absent, features.returns_90d, properties.price, 1) == 19.5`:                          true,
	`coalesce(properties.absent, "none") == "none"`:                                                           true,
	`coalesce(properties.absent, true) && !coalesce(properties.off, true)`:                                    true,
	`coalesce(properties.absent, properties.path) == "/checkout"`:                                             true,
	`coalesce(properties.path, 5) == 5`:                                                                       true,
}

// Whatever is missing makes every comparison false, and none of it fails.
func TestMissingConditions(t *testing.T) {
	for source, want := range conditionsOnMissing {
		p, err := CompileBool(source, table{})
		if err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := p.Eval(sample()); got != want {
			t.Errorf("%s is %v", source, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	nan := math.NaN()
	for source, want := range map[string]float64{
		`features.orders_30d / max(features.visits_7d, 1)`: 3.0 / 7,
		`1/2`:                                        0.5,
		`min(4, 2, 3) + max(1, 2, 5, 4)`:             7,
		`abs(-2) + ceil(0.5) + floor(1.5)`:           4,
		`round(2.5) + round(-2.5) + round(0.4)`:      0,
		`sqrt(9) + log(exp(2))`:                      5,
		`properties.price * properties.quantity - 1`: 38,
		`properties.price + properties.quantity`:     21.5,
		`customer.known ? 1 : 0`:                     1,
		`features.returns_90d > 0 ? 1 : 2`:           2,
		`properties.price`:                           19.5,
		`5 % 3 - -5 % 3`:                             4,
		`size("héllo")`:                              5,
		`features.returns_90d + 1`:                   nan,
		`max(features.returns_90d, 1)`:               nan,
		`min(1, features.returns_90d)`:               nan,
		`max(1 / exp(-1000), features.returns_90d)`:  nan,
		`features.orders_30d / (1 - 1)`:              nan,
		`properties.gift + 1`:                        nan,
		`properties.absent`:                          nan,
		`properties.path`:                            nan,
		`-properties.absent`:                         nan,
		`round(properties.absent)`:                   nan,
		`properties.absent + properties.price`:       nan,
	} {
		f, err := CompileNumber(source, table{})
		if err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := f.Eval(sample()); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s is %v, not %v", source, got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	for source, want := range map[string]string{
		`event.name`: "Product Added",
		`properties.path + "/" + string(properties.quantity)`: "/checkout/2",
		`customer.known ? "yes" : "no"`:                       "yes",
		`properties.price`:                                    "",
		`properties.absent + "x"`:                             "",
		`string(properties.absent)`:                           "",
		`coalesce(properties.absent, event.name)`:             "Product Added",
		`"ÀBC".lowerAscii()`:                                  "Àbc",
	} {
		p, err := CompileText(source, table{})
		if err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := p.Eval(sample()); got != want {
			t.Errorf("%s is %q", source, got)
		}
	}
}

func TestValues(t *testing.T) {
	in := sample()
	long := event.Value{Kind: event.Number, Num: 1e18, Str: "1000000000000000001"}
	in.properties = in.properties.Set("long", long)
	for source, want := range map[string]event.Value{
		`properties.price`:                     event.NumberValue(19.5),
		`properties.nothing`:                   {},
		`properties.absent`:                    {},
		`features.returns_90d`:                 {},
		`features.orders_30d > 1`:              event.BoolValue(true),
		`properties.product.sku`:               event.StringValue("A-1"),
		`customer.known ? 1 : properties.path`: event.NumberValue(1),
		`properties.path + properties.path`:    event.StringValue("/checkout/checkout"),
		`properties.path + properties.price`:   {},
		`string(properties.long)`:              event.StringValue("1000000000000000001"),
	} {
		g, err := CompileValue(source, table{})
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got := g.Eval(in)
		if got.Kind != want.Kind || got.Num != want.Num || got.Str != want.Str {
			t.Errorf("%s is %+v", source, got)
		}
	}
	g, err := CompileValue(`tags`, table{})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Eval(in); got.Kind != event.List || len(got.Items) != 2 || got.Items[1].Str != "night_owl" {
		t.Errorf("tags is %+v", got)
	}
}
