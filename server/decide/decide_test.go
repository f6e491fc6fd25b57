package decide

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/trial"
)

const shop = `
coupon: {kind: coupon, channels: [web, sms], value: 5, cost: 1}
discount: {kind: coupon, channels: [web], value: 9, cost: 1}
guide: {kind: guide, channels: [web], value: 2}
list: {kind: list, channels: [web], value: 1}
text: {kind: text, channels: [sms], value: 3}
alert: {kind: alert, audience: staff, value: 1}
`

const all = "{name: p, ask: true, propose: [coupon, discount, guide, list, text, alert]}"

func TestTheWorthiestOfAKindStays(t *testing.T) {
	issued, withheld := decide(asked(parse(t, "", shop, all)))
	require.Equal(t, []string{"discount", "text", "guide"}, issued)
	require.Equal(t, map[string]string{"coupon": "outranked discount", "list": "outranked guide", "alert": "outranked guide"}, withheld)
}

func TestWhatIsStoppedEarlierOutranksNobody(t *testing.T) {
	in := asked(parse(t, "", shop, all))
	in.OptOut.Scopes = []string{"discount"}
	issued, withheld := decide(in)
	require.Equal(t, []string{"coupon", "text", "guide"}, issued)
	require.Equal(t, "opted_out", withheld["discount"])
}

func TestStages(t *testing.T) {
	for _, test := range []struct {
		name, head, actions string
		change              func(*Input)
		want                string // empty: it is issued
	}{
		{"nothing stops it", "", "a: {kind: k, channels: [web], value: 1}", nil, ""},
		{"another session's channel", "", "a: {kind: k, channels: [app], value: 1}", nil, "channel"},
		{"outreach while on the web", "", "a: {kind: k, channels: [app, sms], value: 1}", nil, ""},
		{"opted out of all", "", "a: {kind: k, channels: [web], value: 1}", func(in *Input) { in.OptOut.All = true }, "opted_out"},
		{"opted out of the kind", "", "a: {kind: k, channels: [web], value: 1}", func(in *Input) { in.OptOut.Scopes = []string{"k"} }, "opted_out"},
		{"opted out of the channel", "", "a: {kind: k, channels: [web], value: 1}", func(in *Input) { in.OptOut.Scopes = []string{"web"} }, "opted_out"},
		{"opted out of one of its channels", "", "a: {kind: k, channels: [web, sms], value: 1}", func(in *Input) { in.OptOut.Scopes = []string{"web"} }, ""},
		{"staff need no consent", "", "a: {kind: k, audience: staff, value: 1}", func(in *Input) { in.OptOut.All = true }, ""},
		{"declined twice", "fatigue: {declines: 2, silence: 1d}", "a: {kind: k, channels: [web], value: 1}", func(in *Input) {
			in.Contacts = []features.Contact{declined("a", 30*time.Hour), declined("a", 20*time.Hour)}
		}, "fatigued 01-31 08:00"},
		{"accepted in between", "fatigue: {declines: 2, silence: 1d}", "a: {kind: k, channels: [web], value: 1}", func(in *Input) {
			yes := contact("a", "k", "web", 25*time.Hour)
			yes.Outcomes = features.Shown | features.Accepted
			in.Contacts = []features.Contact{declined("a", 30*time.Hour), yes, declined("a", 20*time.Hour)}
		}, ""},
		{"cooling", "", "a: {kind: k, channels: [web], value: 1, cooldown: 2h}", func(in *Input) {
			in.Contacts = []features.Contact{contact("a", "k", "web", time.Hour)}
		}, "cooldown 01-31 05:00"},
		{"cooled", "", "a: {kind: k, channels: [web], value: 1, cooldown: 2h}", func(in *Input) {
			in.Contacts = []features.Contact{contact("a", "k", "web", 2*time.Hour)}
		}, ""},
		{"expired unseen", "", "a: {kind: k, channels: [web], value: 1, cooldown: 2h}", func(in *Input) {
			c := contact("a", "k", "web", time.Hour)
			c.Outcomes = features.Expired
			in.Contacts = []features.Contact{c}
		}, ""},
		{"quiet", `quiet_hours: {from: "11:00", to: "13:00"}`, "a: {kind: k, channels: [sms], value: 1}", nil, "quiet_hours sms 01-31 05:00"},
		{"quiet where the customer is", `quiet_hours: {from: "04:00", to: "05:00"}`, "a: {kind: k, channels: [sms], value: 1}",
			func(in *Input) { in.Zone = "UTC" }, "quiet_hours sms 01-31 05:00"},
		{"never quiet in a session", `quiet_hours: {from: "11:00", to: "13:00"}`, "a: {kind: k, channels: [web], value: 1}", nil, ""},
		{"costs what it brings", "", "a: {kind: k, channels: [web], value: 1, cost: 1}", nil, "not_worth_it"},
		{"worth unknown", "", "a: {kind: k, channels: [web], value: predictions.churn}", nil, "not_worth_it"},
		{"capped by the day", "caps: [{name: c, scope: all, max: 1, per: day}]", "a: {kind: k, channels: [web], value: 1}", func(in *Input) {
			in.Contacts = []features.Contact{contact("b", "x", "web", 11*time.Hour)}
		}, "capped c 01-31 16:00"},
		{"yesterday's contacts", "caps: [{name: c, scope: all, max: 1, per: day}]", "a: {kind: k, channels: [web], value: 1}", func(in *Input) {
			in.Contacts = []features.Contact{contact("b", "x", "web", 13*time.Hour)}
		}, ""},
		{"capped rolling", "caps: [{name: c, scope: {kind: k}, max: 2, per: 24h}]", "a: {kind: k, channels: [web], value: 1}", func(in *Input) {
			in.Contacts = []features.Contact{contact("b", "k", "web", 23*time.Hour), contact("a", "k", "web", time.Hour)}
		}, "capped c 01-31 05:00"},
		{"a window ago", "caps: [{name: c, scope: {kind: k}, max: 1, per: 24h}]", "a: {kind: k, channels: [web], value: 1}", func(in *Input) {
			in.Contacts = []features.Contact{contact("b", "k", "web", 24*time.Hour)}
		}, ""},
		{"staff count for nothing", "caps: [{name: c, scope: all, max: 1, per: 24h}]", "a: {kind: k, channels: [web], value: 1}", func(in *Input) {
			c := contact("b", "k", "staff", time.Hour)
			c.Flags = features.Staff
			in.Contacts = []features.Contact{c}
		}, ""},
		{"budget spent", "budgets: [{name: b, scope: {action: a}, max: 1, per: day}]", "a: {kind: k, channels: [web], value: 1}",
			func(in *Input) { in.Budgets = counted{} }, "budget b 01-31 16:00"},
		{"rolling budget spent", "budgets: [{name: b, scope: {action: a}, max: 1, per: 3h}]", "a: {kind: k, channels: [web], value: 1}",
			func(in *Input) { in.Budgets = counted{} }, "budget b 01-31 06:00"},
		{"no room", "", "a: {kind: k, channels: [web], value: 1}", func(in *Input) { in.Max = 0 }, "outranked"},
		{"held out", "holdout: {share: 1, salt: s}", "a: {kind: k, channels: [web], value: 1}", nil, "holdout"},
		{"not known what was issued", "", "a: {kind: k, channels: [web], value: 1}", func(in *Input) { in.Unavailable = true }, "unavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := asked(parse(t, test.head, test.actions, "{name: p, ask: true, propose: [a]}"))
			if test.change != nil {
				test.change(in)
			}
			issued, withheld := decide(in)
			if test.want == "" {
				require.Equal(t, []string{"a"}, issued, "%v", withheld)
				return
			}
			require.Empty(t, issued)
			require.Equal(t, test.want, withheld["a"])
		})
	}
}

func declined(action string, ago time.Duration) features.Contact {
	c := contact(action, "k", "web", ago)
	c.Outcomes, c.Answered = features.Declined, c.At
	return c
}

// counted is budgets with so many left, by name.
type counted map[string]int

func (c counted) Left(*playbook.Budget, int64) bool { return true }
func (c counted) Take(b *playbook.Budget, _ int64) bool {
	if c[b.Name] == 0 {
		return false
	}
	c[b.Name]--
	return true
}
func (c counted) GiveBack(b *playbook.Budget, _ int64) { c[b.Name]++ }

func TestEveryActionOfADecisionCosts(t *testing.T) {
	in := asked(parse(t, "budgets: [{name: b, scope: all, max: 2, per: day}]", shop, "{name: p, ask: true, propose: [discount, guide, text]}"))
	in.Budgets = counted{"b": 2}
	issued, withheld := decide(in)
	require.Equal(t, []string{"discount", "text"}, issued)
	require.Equal(t, "budget b 01-31 16:00", withheld["guide"])
}

func TestWhatOneBudgetRefusesCostsNoOther(t *testing.T) {
	in := asked(parse(t, "budgets: [{name: a, scope: all, max: 9, per: day}, {name: b, scope: {action: discount}, max: 1, per: day}]", shop,
		"{name: p, ask: true, propose: [discount, guide]}"))
	left := counted{"a": 9}
	in.Budgets = left
	issued, _ := decide(in)
	require.Equal(t, []string{"guide"}, issued)
	require.Equal(t, 8, left["a"])
}

func TestACapCountsThisDecisionToo(t *testing.T) {
	issued, withheld := decide(asked(parse(t, "caps: [{name: c, scope: all, max: 2, per: 24h}]", shop, all)))
	require.Equal(t, []string{"discount", "text", "alert"}, issued)
	require.Equal(t, "capped c", withheld["guide"])
}

func TestProactiveActionsWaitForTheEndOfQuietHours(t *testing.T) {
	book := parse(t, `quiet_hours: {from: "11:00", to: "13:00"}`, "a: {kind: k, channels: [sms], value: 1}", "{name: p, on: Search, propose: [a]}")
	in := asked(book)
	in.Asked, in.Proactive, in.Fired = false, true, []Firing{{Play: book.Plays[0], Event: view("/")}}
	o := new(Decider).Decide(in)
	require.Len(t, o.Postponed, 1)
	require.Equal(t, noon.Add(time.Hour).UnixMilli(), o.Postponed[0].Until)
}

func TestChannelOfWhatNobodyAskedFor(t *testing.T) {
	book := parse(t, "", "a: {kind: k, channels: [app, email, sms], value: 1}", "{name: p, on: Search, propose: [a]}")
	for _, test := range []struct{ on, preferred, want string }{
		{"email", "sms", "email"}, {"web", "sms", "sms"}, {"web", "phone", "app"}, {"", "", "app"},
	} {
		in := asked(book)
		in.Asked, in.Proactive, in.Fired = false, true, []Firing{{Play: book.Plays[0]}}
		in.Facts.Channel, in.Preferred = test.on, test.preferred
		require.Equal(t, test.want, new(Decider).Decide(in).Actions[0].Channel, "%+v", test)
	}
}

func TestOfEqualWorthTheEarlierPlayWins(t *testing.T) {
	in := asked(parse(t, "", "a: {kind: k, channels: [web], value: 1}\nb: {kind: k, channels: [web], value: 1}",
		"{name: q, ask: true, propose: [b]}", "{name: p, ask: true, propose: [a]}"))
	issued, _ := decide(in)
	require.Equal(t, []string{"b"}, issued)
}

func TestAnExperimentDrawsOne(t *testing.T) {
	book := parse(t, "experiments: [{name: x, actions: [coupon, discount], learning: {mode: equal}}]", shop, all)
	drawn := map[string]int{}
	for i := range 200 {
		in := asked(book)
		in.Decision = "0000-" + string(rune('A'+i%26)) + string(rune('A'+i/26))
		o := new(Decider).Decide(in)
		for _, a := range o.Actions {
			if a.Kind == "coupon" {
				drawn[a.Name]++
				require.InDelta(t, 0.5, a.Propensity, 1e-9)
			}
		}
		for _, w := range o.Withheld {
			if w.Kind == "coupon" {
				require.Equal(t, Experiment, w.Why)
			}
		}
	}
	require.Equal(t, 200, drawn["coupon"]+drawn["discount"])
	require.Greater(t, min(drawn["coupon"], drawn["discount"]), 60)
}

func TestAnExperimentWhoseActionsAreAllCapped(t *testing.T) {
	in := asked(parse(t, "experiments: [{name: x, actions: [coupon, discount], learning: {mode: equal}}]\ncaps: [{name: coupons, scope: {kind: coupon}, max: 1, per: 24h}]", shop, all))
	in.Contacts = append(in.Contacts, contact("coupon", "coupon", "web", time.Hour))
	issued, withheld := decide(in)
	require.Equal(t, []string{"text", "guide", "list"}, issued)
	require.Equal(t, "capped coupons 02-01 03:00", withheld["coupon"])
	require.Equal(t, "capped coupons 02-01 03:00", withheld["discount"])
	require.Len(t, withheld, 3)
}

func TestWhoIsNotInAnExperimentGetsTheWorthiest(t *testing.T) {
	in := asked(parse(t, "experiments: [{name: x, actions: [coupon, discount], share: 0}]", shop, all))
	issued, _ := decide(in)
	require.Contains(t, issued, "discount")
}

func TestHoldoutIsStableAndOfItsShare(t *testing.T) {
	book := parse(t, "holdout: {share: 0.2, salt: s}", "a: {kind: k, channels: [web], value: 1}\nnote: {kind: n, audience: staff, value: 1}",
		"{name: p, ask: true, propose: [a, note]}")
	held := 0
	for i := range 2000 {
		in := asked(book)
		in.Facts.Customer.ID = string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		issued, withheld := decide(in)
		require.Contains(t, issued, "note", "staff are told all the same")
		again, _ := decide(in)
		require.Equal(t, issued, again)
		if withheld["a"] == "holdout" {
			held++
			require.Less(t, trial.Place("s", in.Facts.Customer.ID), 0.2)
		}
	}
	require.InDelta(t, 400, held, 80)
}

func TestAProposalThatIsWorthNoNumberStandsInNobodysWay(t *testing.T) {
	book := parse(t, "", "a: {kind: k, channels: [web], value: 5}",
		"{name: p, ask: true, propose: [{action: a, likelihood: predictions.churn}]}", "{name: q, ask: true, propose: [a]}")
	o := new(Decider).Decide(asked(book))
	require.Len(t, o.Actions, 1)
	require.Equal(t, "q", o.Actions[0].Play.Name)
}

func TestAHoldoutSpendsNoBudget(t *testing.T) {
	in := asked(parse(t, "holdout: {share: 1, salt: s}\nbudgets: [{name: b, scope: all, max: 9, per: day}]", shop, all))
	left := counted{"b": 9}
	in.Budgets = left
	issued, withheld := decide(in)
	require.Empty(t, issued)
	require.Equal(t, "holdout", withheld["discount"])
	require.Equal(t, 9, left["b"])
}

func TestWhatWasBoughtIsNotOfferedAgain(t *testing.T) {
	book := parse(t, "", "a: {kind: k, channels: [web], value: 1}", "{name: p, on: Search, propose: [a]}")
	for _, test := range []struct {
		outcomes features.Outcomes
		head     string
		want     int
	}{{0, "", 1}, {features.Converted, "", 0}, {features.Shown, "", 0}, {0, "holdout: {share: 1, salt: s}", 0}} {
		in := asked(book)
		if test.head != "" {
			in.Playbook = parse(t, test.head, "a: {kind: k, channels: [web], value: 1}", "{name: p, on: Search, propose: [a]}")
		}
		c := contact("a", "k", "web", time.Minute)
		c.Flags, c.Outcomes, c.Expires = features.Proactive, test.outcomes, in.Now+1
		in.Contacts = []features.Contact{c}
		require.Len(t, new(Decider).Decide(in).Actions, test.want, "%+v", test)
	}
}
