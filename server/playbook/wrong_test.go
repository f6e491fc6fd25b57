package playbook

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
)

// wrong is what to change in the shop's playbook, and the complaints that it makes, as path: message; hint.
var wrong = []struct{ from, to, want string }{
	{"version: 1", "version: 2", "version: version: expected 1"},
	{"version: 1", "nothing: 1", "nothing: playbook: unknown key nothing; expected one of version, language, timezone, quiet_hours, holdout, fatigue, learning, actions, caps, budgets, experiments, plays\n: version is missing"},
	{"timezone: Asia/Shanghai", "timezone: Asia/Shanghia", `timezone: timezone: unknown time zone "Asia/Shanghia"; name it as in Asia/Shanghai`},
	{"language: zh", "language: fr", `language: language: unknown "fr"; expected one of en, zh`},
	{`from: "22:00"`, `from: "25:00"`, `quiet_hours.from: from: expected a time of day, got "25:00"; put it in quotes, as in "22:00"`},
	{`from: "22:00"`, `from: "08:00"`, "quiet_hours: quiet_hours: from and to are the same; leave quiet_hours out for never"},
	{"channels: [sms, email,", "channels: [web, email,", "quiet_hours.channels: channels: an answer on web is given in a session, and never quiet; leave it out"},
	{"share: 0.05", "share: 1.5", "holdout.share: share: expected a number from 0 to 1"},
	{"max: 3", "max: -1", "caps[0].max: max: expected a whole number from 0 to 1000"},
	{"per: 24h", "per: hour", `caps[0].per: per: expected a duration such as 24h or 7d, up to 366d, or day, week or month, got "hour"; durations roll; day, week and month go by the calendar`},
	{"name: coupons,", "name: contacts-per-day,", "caps[1].name: name: another of the caps is named contacts-per-day too"},
	{"scope: {kind: coupon}", "scope: {kind: cupon}", "caps[1].scope.kind: kind: no action has the kind cupon; did you mean coupon?"},
	{"scope: {kind: coupon}", "scope: coupon", `caps[1].scope: scope: expected all, or one kind, action or channel, got "coupon"; one kind is written {kind: coupon}`},
	{"scope: {kind: coupon}", "scope: {kind: coupon, channel: web}", "caps[1].scope: scope: expected all, or exactly one of kind, action and channel"},
	{"{action: shipping-coupon}, max", "{action: shiping-coupon}, max", "budgets[0].scope.action: unknown action shiping-coupon; did you mean shipping-coupon?"},
	{"declines: 2, silence: 30d", "declines: 0, silence: 30 days", "fatigue.declines: declines: expected a whole number from 1 to 100\nfatigue.silence: silence: expected a duration such as 30m, 1h or 7d, got \"30 days\""},
	{"value: 6, cost: 3", "value: 6, cost: -3", "actions.shipping-coupon.cost: cost: expected 0 or more, got -3"},
	{"value: 6, cost: 3", "value: 1/0, cost: 3", "actions.shipping-coupon.value: value: this divides by zero"},
	{"value: 6, cost: 3", "value: 1/(2-2), cost: 3", "actions.shipping-coupon.value: value: this is never a number"},
	{"predictions.churn > 0.7", "predictions.churn / 0 > 0.7", "plays[3].when: when: this divides by zero"},
	{"features.cart_value *", "features.cart_valu *", "actions.cart-reminder.value: value: unknown name features.cart_valu; did you mean features.cart_value?"},
	{"kind: help, channels: [web]", "channel: [web]", "actions.tutorial: tutorial: kind is missing\nactions.tutorial: tutorial: channels is missing\nactions.tutorial.channel: tutorial: unknown key channel; did you mean channels?"},
	{"audience: staff", "audience: stuff", "actions.call-back: call-back: channels is missing\nactions.call-back.audience: audience: unknown \"stuff\"; did you mean staff?"},
	{"{zh: 免运费, en:", "{en:", "actions.shipping-coupon.variants.warm: warm: there is no wording for text in zh; add zh, the playbook's language"},
	{"off: 5", "off: .inf", "actions.shipping-coupon.content.off: expected text, a number, true, false, null, a list or a mapping"},
	{"off: 5", "off: &x 5", "actions.shipping-coupon.content.off: anchors and aliases are not accepted; write it out"},
	{"predictions.cart_abandonment > 0.4", "predictions.cart_abandoned > 0.4", "plays[0].when: when: unknown name predictions.cart_abandoned; did you mean predictions.cart_abandonment?"},
	{"features.shipping_views_30m >= 2", "shipping_views_30m >= 2", "plays[0].when: when: unknown name shipping_views_30m; did you mean features.shipping_views_30m?"},
	{"features.shipping_views_30m >= 2", `event.name.matches("(a{90}|b{90}){9}")`,
		"plays[0].when: when: the regular expression is too large to be fast; repeat less, or split it into several"},
	{"features.shipping_views_30m >= 2", `event.name.matches("(a{500}){500}")`,
		"plays[0].when: when: error parsing regexp: invalid repeat count: `{500}`; the syntax is RE2's"},
	{"features.shipping_views_30m >= 2", "event.name.matches(event.properties.pattern)", "plays[0].when: when: matches takes a constant regular expression"},
	{"on: Shipping Fee Viewed", "on: []", "plays[0].on: on: expected at least one"},
	{"on: Shipping Fee Viewed", "on: X, ask: true", "plays[0]: play: expected exactly one of on, dwell and ask"},
	{"on: Shipping Fee Viewed,", "", "plays[0]: play: expected exactly one of on, dwell and ask"},
	{"propose: [cart-reminder]", "propose: [cart-remainder]", "plays[1].propose[0]: unknown action cart-remainder; did you mean cart-reminder?"},
	{"propose: [cart-reminder]", "propose: []", "plays[1].propose: propose: expected 1 to 64 actions, got 0"},
	{"propose: [cart-reminder]", "propose: [cart-reminder, {action: cart-reminder}]", "plays[1].propose[1]: propose: cart-reminder stands there twice"},
	{"propose: [cart-reminder]", "propose: [{action: cart-reminder, likelihood: 2}]", "plays[1].propose[0].likelihood: likelihood: expected 1 or less, got 2"},
	{", unless: Order Completed", "", "plays[1]: play: after and unless go together; as in {on: Product Added, after: 24h, unless: Order Completed}"},
	{"unless: Order Completed", "unless: [Order Completed, Product Added]", "plays[1].unless: unless: a cycle: Product Added both starts the play and makes it moot"},
	{"on: Product Added, after: 24h, unless: Order Completed", "on: Action Declined",
		"plays[1]: play: a cycle: Action Declined fires the play, which proposes cart-reminder, which leads to Action Declined again; give it a cooldown, or ask in when for event.properties.action"},
	{"on: Shipping Fee Viewed", "on: [Shipping Fee Viewed, Session Started]",
		"plays[0].on: on: Session Started is never sent, but made when features are counted; name what a visit begins with, such as Page Viewed"},
	{"unless: Order Completed", "unless: Session Started",
		"plays[1].unless: unless: Session Started is never sent, but made when features are counted; name what a visit begins with, such as Page Viewed"},
	{"on: Product Added, after: 24h, unless: Order Completed", "on: Action Expired",
		"plays[1]: play: a cycle: Action Expired fires the play, which proposes cart-reminder, which leads to Action Expired again; give it a cooldown, or ask in when for event.properties.action"},
	{"longer_than: 3m", "longer_than: 3 min", `plays[2].dwell.longer_than: longer_than: expected a duration such as 30m, 1h or 7d, got "3 min"`},
	{"path: /config", "path: '/*/config?x=1'", "plays[2].dwell.path: path: expected a path without its query, with * only at its end, got \"/*/config?x=1\""},
	{"predictions.churn > 0.7", "event.properties.x > 0.7", "plays[3].when: when: a play that is asked for has no event; have it fire on the event"},
	{"name: save-churner", "name: cart-24h", "plays[3]: name: an earlier play is named cart-24h too"},
	{"name: save-churner", "name: save churner", `plays[3].name: name: expected up to 64 letters, digits, -, _ and dots, beginning with a letter or digit, got "save churner"`},
	{"ask: true", "ask: true, hour: 9", "plays[3]: play: hour goes with after"},
}

func TestWrongPlaybooks(t *testing.T) {
	for _, c := range wrong {
		file := strings.Replace(shop, c.from, c.to, 1)
		require.NotEqual(t, shop, file, c.from)
		_, err := Parse([]byte(file), vocabulary)
		var problems Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: %v", c.to, err)
			continue
		}
		var got []string
		for _, p := range problems {
			text := p.Path + ": " + p.Message
			if p.Hint != "" {
				text += "; " + p.Hint
			}
			got = append(got, text)
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s\n got: %s\nwant: %s", c.to, text, c.want)
		}
	}
}

func TestWhatOnlyLooksWrong(t *testing.T) {
	for from, to := range map[string]string{
		"en: Shipping is on us": "fr: merci", // then it is no text in two languages, but a mapping
		"max: 3":                "max: 0",
		"value: 6":              "value: 0",
		"on: Product Added, after: 24h, unless: Order Completed": `on: Action Declined, when: event.properties.action == "x"`,
		"on: Shipping Fee Viewed":                                "on: Action Shown", // what it proposes has a cooldown
		"features.shipping_views_30m >= 2":                       `1 / (features.orders_90d - features.orders_90d) > 1`,
		"predictions.churn > 0.7":                                "intents.anything > 0.7",
		"ask: true":                                              "on: X, after: 1d, unless: Y, hour: features.preferred_hour",
		"plays:":                                                 "# no more\nplays:",
	} {
		file := strings.Replace(shop, from, to, 1)
		require.NotEqual(t, shop, file, from)
		_, err := Parse([]byte(file), vocabulary)
		assert.NoError(t, err, to)
	}
}

func TestPatternsMadeToBeSlowAreNot(t *testing.T) {
	file := strings.Replace(shop, "features.shipping_views_30m >= 2", `event.properties.text.matches("^(a+)+$")`, 1)
	b, err := Parse([]byte(file), vocabulary)
	require.NoError(t, err)
	f := &Facts{Event: &event.Event{Properties: event.Object{{Key: "text", Value: event.StringValue(strings.Repeat("a", 32<<10) + "b")}}}}
	start := time.Now()
	require.False(t, b.Plays[0].Clauses[0].Eval(f))
	require.Less(t, time.Since(start), time.Second)
}

func TestIntentsAreCheckedWhenTheyAreKnown(t *testing.T) {
	v := vocabulary
	v.Intents = []string{"price_concern", "leave"}
	_, err := Parse([]byte(strings.Replace(shop, "predictions.churn > 0.7", "intents.leaves > 0.7", 1)), v)
	assert.ErrorContains(t, err, "unknown name intents.leaves; did you mean intents.leave?")
}

func TestEveryProblemAtItsPlace(t *testing.T) {
	file := strings.NewReplacer("max: 3", "max: -1", "predictions.churn >", "predictions.chrun >", "[cart-reminder]", "[nothing]").Replace(shop)
	_, err := Parse([]byte(file), vocabulary)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 3)
	for i, what := range []string{"-1", "nothing]", "predictions.chrun"} {
		p := problems[i]
		line := strings.Split(file, "\n")[p.Line-1]
		assert.True(t, strings.HasPrefix(line[p.Column-1:], what), "%v", p)
	}
}

func TestBadFiles(t *testing.T) {
	var many strings.Builder
	many.WriteString("version: 1\nactions: {a: {kind: k, channels: [web]}}\nplays:\n")
	for i := range 10_000 {
		fmt.Fprintf(&many, "  - {name: play-%d, on: X, when: 'features.orders_90d > %d', propose: [a]}\n", i, i)
	}
	var nested strings.Builder
	for i := range 1300 {
		nested.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for name, c := range map[string]struct{ file, want string }{
		"empty":       {"", "the file is empty; expected version, actions and plays"},
		"scalar":      {"hello", "expected a mapping"},
		"list":        {"[1]", "expected a mapping"},
		"not UTF-8":   {"version: \xff", "not valid UTF-8"},
		"two":         {"version: 1\n---\nversion: 1\n", "expected one YAML document"},
		"broken":      {"plays: [", "1:8: "},
		"twice":       {"version: 1\nversion: 1\n", "2:1: "},
		"too large":   {"# " + strings.Repeat("x", 1<<20), "at most 1048576 are accepted"},
		"10000 plays": {many.String(), "plays: at most 1000 are accepted, got 10000"},
		"brackets":    {strings.Repeat("[", 100_000), "nested deeper"},
		"deep":        {nested.String(), "unknown key a"},
		"aliases":     {"a: &a [1, 1]\nb: [*a, *a]\n", "anchors and aliases are not accepted"},
		"merge":       {"<<: {version: 1}\n", "expected a plain key"},
		"tag":         {"version: !!int '1'\n", "expected text, a number"},
		"wrong kinds": {"version: []\nactions: [1]\nplays: {a: b}\ncaps: 7\nlearning: x\n", "caps: expected a list"},
		"wrong plays": {"version: 1\nactions: {a: 1, b: []}\nplays: [1, [], {name: [], on: {}, propose: x}]\nexperiments: [1]\ncaps: [x]\n", "a: expected a mapping"},
	} {
		start := time.Now()
		_, err := Parse([]byte(c.file), vocabulary)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.500v", name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestTooManyTasks(t *testing.T) {
	_, err := Parse([]byte(shop), Vocabulary{Features: vocabulary.Features, Tasks: make([]string, 65)})
	assert.ErrorContains(t, err, "at most 64 are supported")
}

func TestProblemsAreBounded(t *testing.T) {
	file := "version: 1\nactions: {}\nplays:\n" + strings.Repeat("  - {name: p, on: X, propose: [nothing]}\n", 900)
	_, err := Parse([]byte(file), vocabulary)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	assert.LessOrEqual(t, len(problems), maxProblems+3)
	assert.Contains(t, problems[len(problems)-1].Message, "the rest was not looked at")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(shop))
	for _, c := range wrong {
		f.Add([]byte(strings.Replace(shop, c.from, c.to, 1)))
	}
	f.Add([]byte(`{"version":1,"actions":{},"plays":[{"name":"p","dwell":{"path":"/x","longer_than":"1m"},"propose":[{}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse(data, vocabulary)
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		for _, p := range b.Plays {
			if p.Name == "" || len(p.Propose) == 0 {
				t.Fatalf("%+v", p)
			}
			p.Fires(&Facts{})
			for i := range p.Propose {
				p.Propose[i].Worth(&Facts{})
			}
		}
		if again, err := Parse(data, vocabulary); err != nil || again.Revision != b.Revision {
			t.Fatalf("read again: %v", err)
		}
	})
}
