package reason

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// say gives the reasons of the only play of a playbook.
func say(t *testing.T, language, play string, change func(*playbook.Facts)) []string {
	t.Helper()
	source := "version: 1\nlanguage: " + language + "\nactions: {a: {kind: k, channels: [web], value: 1}}\nplays: [{name: p, " + play + ", propose: [a]}]"
	b, f := compiled(t, []byte(source), features.Default())
	change(f)
	var out []string
	for _, r := range new(Teller).Tell(b, b.Playbook.Plays[0], f) {
		out = append(out, string(r.Text)+" | "+r.Feature+" = "+string(r.AppendValue(nil)))
	}
	return out
}

func compiled(t testing.TB, source []byte, set *features.FeatureSet) (*Book, *playbook.Facts) {
	t.Helper()
	book, err := playbook.Parse(source, playbook.Vocabulary{Features: set, Tasks: playbook.StandardTasks()})
	require.NoError(t, err)
	b := Compile(book, set)
	return b, &playbook.Facts{Vector: make([]float32, set.Len()), Predictions: make([]float32, len(book.Tasks))}
}

func set(t testing.TB, f *playbook.Facts, name string, value float32) {
	t.Helper()
	i, ok := features.Default().Index(name)
	require.True(t, ok, name)
	f.Vector[i] = value
}

func TestASentenceHasTheNumberInIt(t *testing.T) {
	see := func(f *playbook.Facts) {
		set(t, f, "shipping_views_30m", 3)
		f.Predictions[0] = 0.82
	}
	const when = "ask: true, when: 'features.shipping_views_30m >= 2 && predictions.churn > 0.5'"
	require.Equal(t, []string{"looked at shipping fees 3 times in 30 min | shipping_views_30m = 3", "likely to leave: 82% | predictions.churn = 0.82"},
		say(t, "en", when, see))
	require.Equal(t, []string{"30 分钟内看了 3 次运费 | shipping_views_30m = 3", "流失可能性 82% | predictions.churn = 0.82"}, say(t, "zh", when, see))
}

func TestOfAlternativesOnlyThoseThatHold(t *testing.T) {
	const when = `ask: true, when: '!("price_sensitive" in tags) && (features.errors_in_a_row >= 3 || features.tickets_30d >= 1 && features.spend_365d > 9 || !(features.days_since_last_order < 3))'`
	got := say(t, "en", when, func(f *playbook.Facts) {
		set(t, f, "tickets_30d", 1)
		set(t, f, "spend_365d", 12.5)
		set(t, f, "days_since_last_order", 2)
	})
	require.Equal(t, []string{
		"no sign of depending on coupons | tags.price_sensitive = false", "spent 12.5 in 365 days | spend_365d = 12.5", "opened 1 ticket in 30 days | tickets_30d = 1",
	}, sortedTail(got))
}

// sortedTail has the two last in the order of their words: && may be written out either way.
func sortedTail(s []string) []string {
	if n := len(s); n > 2 && s[n-2] < s[n-1] {
		s[n-1], s[n-2] = s[n-2], s[n-1]
	}
	return s
}

func TestWhatPlaysWaitForComesFirst(t *testing.T) {
	require.Equal(t, []string{"put a product into the cart 1 day ago and has not placed an order since | event.name = \"Product Added\"", "has 2 pieces in the cart | cart_items = 2"},
		say(t, "en", "on: Product Added, after: 24h, unless: Order Completed, when: features.cart_items > 0", func(f *playbook.Facts) {
			set(t, f, "cart_items", 2)
			f.Event = &event.Event{Name: "Product Added"}
		}))
	require.Equal(t, []string{"在 /config* 停留超过 3 分钟 | event.properties.path = \"/config/a\""},
		say(t, "zh", "dwell: {path: '/config*', longer_than: 3m}", func(f *playbook.Facts) {
			f.Event = &event.Event{Name: "Page Viewed", Properties: event.Object{{Key: "path", Value: event.StringValue("/config/a")}}}
		}))
	require.Equal(t, []string{"stayed on /config for over 3 min | event.properties.path = \"/config\""},
		say(t, "en", "dwell: {path: /config, longer_than: 3m}", func(*playbook.Facts) {}), "it is offered again")
	require.Equal(t, []string{"just had “Custom” | event.name = \"Custom\""}, say(t, "en", "on: Custom", func(f *playbook.Facts) { f.Event = &event.Event{Name: "Custom"} }))
}

func TestAMessageIsQuotedInPart(t *testing.T) {
	long := strings.Repeat("慢", 200)
	got := say(t, "zh", `on: Message Received, when: event.properties.text.contains("慢")`, func(f *playbook.Facts) {
		f.Event = &event.Event{Name: "Message Received", Properties: event.Object{{Key: "text", Value: event.StringValue(long)}}}
	})
	quoted := strings.Repeat("慢", longest)
	require.Equal(t, []string{"消息说：“" + quoted + "…” | event.properties.text = \"" + quoted + "\""}, got)
}

func TestWhatIsMissingIsSaidOnlyWhereThereAreWords(t *testing.T) {
	nan := func(f *playbook.Facts) {
		for i := range f.Vector {
			f.Vector[i] -= f.Vector[i] / f.Vector[i]
		}
	}
	require.Equal(t, []string{"从未下单 | days_since_last_order = null"}, say(t, "zh", "ask: true, when: '!(features.days_since_last_order < 3)'", nan))
	require.Empty(t, say(t, "zh", "ask: true, when: '!(features.cart_value > 3)'", nan))
}

func TestAnActionThatIsOfferedAgainHasNoEvent(t *testing.T) {
	const when = `on: Search, when: '!(event.channel == "web") && !(event.name == "A") && !(event.properties.x == 1) && !(event.context.y.z == "a") && !(channel == "sms")'`
	require.Equal(t, []string{"is on the app | channel = \"app\"", "nothing is known of x | event.properties.x = null", "nothing is known of y.z | event.context.y.z = null"},
		say(t, "en", when, func(f *playbook.Facts) { f.Channel = "app" }))
}

func TestAtMostFive(t *testing.T) {
	got := say(t, "en", "ask: true, when: 'features.orders_30d + features.orders_90d + features.spend_30d + features.spend_90d + features.refunds_90d + features.cart_items == 0'", func(*playbook.Facts) {})
	require.Len(t, got, Most)
}

func TestEveryFeatureThatShipsHasASentenceInBothLanguages(t *testing.T) {
	for name, w := range languages() {
		for _, f := range features.Default().Features() {
			_, own := w.Features[f.Name]
			_, family := w.Features[f.Name[:max(strings.LastIndexByte(f.Name, '_'), 0)]]
			require.True(t, own || family, "%s has no sentence in %s", f.Name, name)
		}
		for family, p := range w.Features {
			require.NotEmpty(t, p.Text, family)
		}
		for task := range w.Predictions {
			require.Contains(t, playbook.StandardTasks(), task)
		}
	}
	require.Len(t, languages()["en"].Features, len(languages()["zh"].Features))
	require.Len(t, languages()["en"].Events, len(languages()["zh"].Events))
}

func TestEverySlotOfTheSentencesIsKnown(t *testing.T) {
	known := regexp.MustCompile(`^(n|n:[^|]*\|[^|]*|times|window|span|percent|word|name|meaning|unit|value|event|after|unless|path)$`)
	for _, language := range []string{"en", "zh"} {
		data, err := files.ReadFile("sentences/" + language + ".yaml")
		require.NoError(t, err)
		for _, line := range strings.Split(string(data), "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for _, slot := range regexp.MustCompile(`{([^{}']*)}`).FindAllStringSubmatch(line, -1) {
				if strings.Contains(slot[1], ": ") {
					continue // a mapping
				}
				require.Regexp(t, known, slot[1], line)
			}
		}
	}
}

// notSaid is what belongs into conditions.
var notSaid = regexp.MustCompile(`features\.|predictions\.|intents\.|event\.|customer\.|context\.|&&|\|\||[<>=!]=|[{}_]|matches|NaN`)

func TestEveryClauseOfThePresetsIsSaidInWords(t *testing.T) {
	for _, name := range playbook.Presets() {
		for _, language := range []string{"zh", "en"} {
			text, err := playbook.Preset(name, language)
			require.NoError(t, err)
			b, f := compiled(t, text, features.Default())
			for i := range f.Vector {
				f.Vector[i] = 2
			}
			f.Event = &event.Event{Name: "Page Viewed", Properties: event.Object{
				{Key: "path", Value: event.StringValue("/a")}, {Key: "text", Value: event.StringValue("hello")}, {Key: "in_stock", Value: event.BoolValue(false)},
				{Key: "lead_score", Value: event.NumberValue(90)},
			}}
			f.Intents = []playbook.Intent{{Name: "refund", Score: 0.7}, {Name: "complaint", Score: 0.7}, {Name: "legal", Score: 0.7}}
			for i := range b.plays {
				for n := range b.plays[i].conditions {
					var teller Teller
					teller.book, teller.facts = b, f
					each(&b.plays[i].conditions[n], func(fact *fact) { teller.tell(fact) })
					require.NotEmpty(t, teller.reasons, "%s: %s", b.Playbook.Plays[i].Name, b.Playbook.Plays[i].Clauses[n].Source())
					for _, r := range teller.reasons {
						require.NotRegexp(t, notSaid, string(r.Text), "%s: %s", name, b.Playbook.Plays[i].Name)
					}
				}
			}
		}
	}
}

func each(p *part, do func(*fact)) {
	for i := range p.facts {
		do(&p.facts[i])
	}
	for i := range p.parts {
		each(&p.parts[i], do)
	}
}

func TestAFeatureOfOnesOwnIsSaidByItsMeaning(t *testing.T) {
	set, err := features.Load([]byte("version: 1\nfeatures:\n" +
		"  - {name: wishes, meaning: things wished for, unit: wishes, on: Wish, aggregate: count, windows: [7d]}\n" +
		"  - {name: colour, meaning: the colour liked, request: context.colour, vocabulary: [red, blue]}\n"))
	require.NoError(t, err)
	b := Compile(nil, set)
	var teller Teller
	f := &playbook.Facts{Vector: []float32{4, 1}}
	require.Equal(t, "things wished for in 7 days: 4 wishes", string(teller.Feature(b, 0, f).Text))
	r := teller.Feature(b, 1, f)
	require.Equal(t, "the colour liked: blue", string(r.Text))
	require.Equal(t, `"blue"`, string(r.AppendValue(nil)))
	f.Vector[0] = float32(math.NaN())
	r = teller.Feature(b, 0, f)
	require.Equal(t, "nothing is known of things wished for", string(r.Text))
	require.Equal(t, "null", string(r.AppendValue(nil)))
}

func TestSpans(t *testing.T) {
	en := languages()["en"]
	for seconds, want := range map[float64]string{1: "1 s", 59: "1 min", 90: "90 s", 180: "3 min", 3600: "1 h", 5400: "90 min", 86400: "1 day", 100_000: "28 h", 2.4 * 86400: "2 days"} {
		require.Equal(t, want, string(en.stretch(nil, seconds)), fmt.Sprint(seconds))
	}
}
