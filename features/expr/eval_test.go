package expr

import (
	"sync"
	"testing"
)

func TestEvalDoesNotAllocate(t *testing.T) {
	in := sample()
	for _, source := range []string{
		rule,
		`properties.path == "/checkout" && properties.price * 2 > properties.quantity && !has(properties.absent)`,
		`event.name.trim().startsWith("Prod") && event.name.matches("^P") && properties.path in ["/cart", "/checkout"]`,
		`coalesce(properties.absent, features.returns_90d, 1) + size(tags) == 3 && "vip" in tags && "a" in properties.codes`,
		`(customer.known ? properties.gift : properties.off) == true && number(properties.amount) > 1`,
		`properties.products.exists(p, p.category == "y" && p.price > features.visits_7d)`,
		`tags.all(t, size(t) > 2) && "pa" + "th" != event.name`,
	} {
		p, err := CompileBool(source, table{})
		if err != nil {
			t.Fatal(err)
		}
		if !p.Eval(in) && source != rule {
			t.Errorf("%s does not reach its end", source)
		}
		if n := testing.AllocsPerRun(200, func() { p.Eval(in) }); n != 0 {
			t.Errorf("%s allocates %v times", source, n)
		}
	}
}

func TestEvalConcurrently(t *testing.T) {
	p, err := CompileBool(`properties.products.exists(p, p.price == features.orders_30d) && tags.all(t, t == event.name)`, table{})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			name := string(rune('a' + i))
			in := &input{name: name, tags: []string{name, name}}
			in.columns[0] = float64(i)
			in.properties = object("products", []any{object("price", -1), object("price", i)})
			for range 1000 {
				if !p.Eval(in) {
					t.Errorf("the inputs of two evaluations are mixed up")
					return
				}
			}
		})
	}
	group.Wait()
}
