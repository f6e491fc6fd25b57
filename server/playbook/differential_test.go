package playbook

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"pgregory.net/rapid"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// What a condition reads of a customer is what cel-go reads of the same customer laid out as plain maps, with all that may be missing
// asked for first.
func TestConditionsAgreeWithCEL(t *testing.T) {
	env, err := cel.NewEnv(cel.Variable("features", cel.MapType(cel.StringType, cel.DoubleType)),
		cel.Variable("predictions", cel.MapType(cel.StringType, cel.DoubleType)), cel.Variable("intents", cel.MapType(cel.StringType, cel.DoubleType)),
		cel.Variable("tags", cel.ListType(cel.StringType)), cel.Variable("channel", cel.StringType), cel.Variable("event", cel.DynType),
		cel.Variable("context", cel.DynType), cel.Variable("customer", cel.DynType))
	if err != nil {
		t.Fatal(err)
	}
	names := newScope(vocabulary)
	rapid.Check(t, func(t *rapid.T) {
		facts, plain := drawFacts(t)
		for range 8 {
			ours, theirs := condition(t, 3)
			p, err := expr.CompileBool(ours, expr.Scope[Facts](names))
			if err != nil {
				t.Fatalf("%s: %v", ours, err)
			}
			checked, issues := env.Compile(theirs)
			if issues.Err() != nil {
				t.Fatalf("%s: %v", theirs, issues.Err())
			}
			program, err := env.Program(checked)
			if err != nil {
				t.Fatalf("%s: %v", theirs, err)
			}
			want, _, err := program.Eval(plain)
			if err != nil {
				t.Fatalf("%s: %v", theirs, err)
			}
			if got := p.Eval(facts); got != want.Value() {
				t.Fatalf("%s is %v, cel-go says %v of %s\n%v", ours, got, want, theirs, plain)
			}
		}
	})
}

var (
	columns = []string{"orders_90d", "cart_value", "sentiment_last"}
	wants   = []string{"refund", "price_concern"}
	labels  = []string{"price_sensitive", "vip", "new"}
	fields  = map[string]func(*rapid.T) event.Value{
		"customer.traits.lead_score":  numberValue,
		"customer.traits.plan":        textValue,
		"customer.traits.opted":       truthValue,
		"event.properties.price":      numberValue,
		"event.properties.path":       textValue,
		"event.context.season":        textValue,
		"event.enriched.sentiment":    numberValue,
		"context.page_kind":           textValue,
		"context.stock":               numberValue,
		"customer.traits.company_age": numberValue,
	}
	numbers = []string{"customer.traits.lead_score", "customer.traits.company_age", "event.properties.price", "event.enriched.sentiment", "context.stock"}
	strs    = []string{"customer.traits.plan", "event.properties.path", "event.context.season", "context.page_kind"}
)

func numberValue(t *rapid.T) event.Value {
	return event.NumberValue(float64(rapid.IntRange(-2, 3).Draw(t, "number")))
}

func textValue(t *rapid.T) event.Value {
	return event.StringValue(rapid.SampledFrom([]string{"", "web", "pro", "/config/a", "华"}).Draw(t, "text"))
}

func truthValue(t *rapid.T) event.Value { return event.BoolValue(rapid.Bool().Draw(t, "truth")) }

// drawFacts draws a customer, of whom much may be missing, and lays them out for cel-go.
func drawFacts(t *rapid.T) (*Facts, map[string]any) {
	f := &Facts{Vector: vector(nil), Channel: rapid.SampledFrom([]string{"", "web", "app"}).Draw(t, "channel"), Event: &event.Event{}}
	f.Customer = Customer{ID: rapid.SampledFrom([]string{"", "web"}).Draw(t, "id"), Known: rapid.Bool().Draw(t, "known")}
	f.Event.Name = rapid.SampledFrom([]string{"", "web", "Search"}).Draw(t, "name")
	draw := func(into map[string]float64, name string) float64 {
		into[name] = math.NaN()
		if rapid.Bool().Draw(t, name) {
			into[name] = float64(rapid.IntRange(-2, 3).Draw(t, name))
		}
		return into[name]
	}
	counts, scores, intents := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, name := range columns {
		i, _ := vocabulary.Features.Index(name)
		f.Vector[i] = float32(draw(counts, name))
	}
	for _, task := range vocabulary.Tasks {
		f.Predictions = append(f.Predictions, float32(draw(scores, task)))
	}
	for _, name := range wants {
		if score := draw(intents, name); score == score {
			f.Intents = append(f.Intents, Intent{Name: name, Score: float32(score)})
		}
	}
	f.Tags = rapid.SliceOfDistinct(rapid.SampledFrom(labels), rapid.ID).Draw(t, "tags")
	objects := map[string]map[string]any{"customer.traits": {}, "event.properties": {}, "event.context": {}, "event.enriched": {}, "context": {}}
	into := map[string]*event.Object{
		"customer.traits": &f.Customer.Traits, "event.properties": &f.Event.Properties, "event.context": &f.Event.Context,
		"event.enriched": &f.Event.Enriched, "context": &f.Context,
	}
	for _, path := range append(append([]string{"customer.traits.opted"}, numbers...), strs...) {
		if rapid.Bool().Draw(t, path) {
			at := strings.LastIndexByte(path, '.')
			v := fields[path](t)
			*into[path[:at]] = into[path[:at]].Set(path[at+1:], v)
			objects[path[:at]][path[at+1:]] = map[event.Kind]any{event.Number: v.Num, event.String: v.Str, event.Bool: v.Num != 0}[v.Kind]
		}
	}
	return f, map[string]any{
		"features": counts, "predictions": scores, "intents": intents, "tags": f.Tags, "channel": f.Channel, "context": objects["context"],
		"event": map[string]any{"name": f.Event.Name, "properties": objects["event.properties"], "context": objects["event.context"],
			"enriched": objects["event.enriched"]},
		"customer": map[string]any{"id": f.Customer.ID, "known": f.Customer.Known, "traits": objects["customer.traits"]},
	}
}

// condition draws a condition and what it means where nothing may be missing.
func condition(t *rapid.T, depth int) (ours, theirs string) {
	pick := func(from ...string) string { return rapid.SampledFrom(from).Draw(t, "pick") }
	if depth > 0 && rapid.IntRange(0, 2).Draw(t, "deeper") > 0 {
		a, x := condition(t, depth-1)
		b, y := condition(t, depth-1)
		switch op := pick("&&", "||", "!", "?"); op {
		case "!":
			return "!(" + a + ")", "!(" + x + ")"
		case "?":
			c, z := condition(t, depth-1)
			return fmt.Sprintf("(%s ? %s : %s)", a, b, c), fmt.Sprintf("(%s ? %s : %s)", x, y, z)
		default:
			return fmt.Sprintf("(%s %s %s)", a, op, b), fmt.Sprintf("(%s %s %s)", x, op, y)
		}
	}
	compare := pick("==", "!=", "<", "<=", ">", ">=")
	number := "(" + pick("-1.0", "0.0", "1.0", "2.0") + ")"
	word := pick(`"web"`, `"pro"`, `"/config/a"`, `""`)
	switch pick("score", "sum", "number", "text", "name", "tag", "method", "known", "has") {
	case "score":
		x := score(t)
		return x + compare + number, fmt.Sprintf("(%s == %s && %s%s%s)", x, x, x, compare, number)
	case "sum":
		x := fmt.Sprintf("(%s %s %s)", score(t), pick("+", "-", "*"), score(t))
		return x + compare + number, fmt.Sprintf("(%s == %s && %s%s%s)", x, x, x, compare, number)
	case "number":
		x := pick(numbers...)
		return x + compare + number, fmt.Sprintf("(has(%s) && %s%s%s)", x, x, compare, number)
	case "text":
		x := pick(strs...)
		return x + compare + word, fmt.Sprintf("(has(%s) && %s%s%s)", x, x, compare, word)
	case "name":
		x := pick("channel", "customer.id", "event.name")
		return x + compare + word, fmt.Sprintf(`(%s != "" && %s%s%s)`, x, x, compare, word)
	case "tag":
		name := pick(labels...)
		return pick(fmt.Sprintf("%q in tags", name), fmt.Sprintf("tags.exists(it, it == %q)", name)), fmt.Sprintf("%q in tags", name)
	case "method":
		x := pick(strs...)
		call := pick(`.contains("e")`, `.startsWith("/")`, `.endsWith("a")`, `.matches("^[a-z]+$")`)
		return x + call, fmt.Sprintf("(has(%s) && %s%s)", x, x, call)
	case "known":
		if rapid.Bool().Draw(t, "of the traits") {
			return pick("customer.traits.opted", "customer.traits.opted == true"), "(has(customer.traits.opted) && customer.traits.opted == true)"
		}
		return pick("customer.known", "customer.known == true"), "customer.known"
	default:
		x := pick(append(numbers, strs...)...)
		return "has(" + x + ")", "has(" + x + ")"
	}
}

func score(t *rapid.T) string {
	return rapid.SampledFrom([]string{
		"features.orders_90d", "features.cart_value", "features.sentiment_last", "predictions.churn", "predictions.cart_abandonment",
		"predictions.emotion_trend", "intents.refund", "intents.price_concern",
	}).Draw(t, "score")
}
