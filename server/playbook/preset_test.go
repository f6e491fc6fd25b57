package playbook

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

func preset(t *testing.T, name, language string) *Playbook {
	t.Helper()
	file, err := Preset(name, language)
	require.NoError(t, err)
	b, err := Parse(file, vocabulary)
	require.NoError(t, err, name)
	return b
}

func TestPresetsAreSound(t *testing.T) {
	assert.Equal(t, []string{"e-commerce", "service-desk", "software-trial"}, Presets())
	assert.Contains(t, Presets(), DefaultPreset)
	for _, name := range Presets() {
		zh, en := preset(t, name, "zh"), preset(t, name, "en")
		assert.Equal(t, "Asia/Shanghai", zh.Timezone.String())
		assert.Equal(t, "UTC", en.Timezone.String())
		assert.NotEqual(t, zh.Revision, en.Revision)
		proposed := map[string]bool{}
		for _, p := range zh.Plays {
			for _, proposal := range p.Propose {
				proposed[proposal.Action.Name] = true
			}
		}
		for i, a := range zh.Actions {
			assert.True(t, proposed[a.Name], "%s: nothing proposes %s", name, a.Name)
			assert.Equal(t, a.Name, en.Actions[i].Name)
			for j, content := range wordings(a) {
				assert.True(t, strings.ContainsFunc(content, han), "%s: %s in Chinese: %s", name, a.Name, content)
				english := wordings(en.Actions[i])[j]
				assert.False(t, strings.ContainsFunc(english, han), "%s: %s in English: %s", name, a.Name, english)
			}
		}
	}
	_, err := Preset("ecommerce", "zh")
	assert.EqualError(t, err, "unknown preset ecommerce; did you mean e-commerce?")
	_, err = Preset("e-commerce", "fr")
	assert.Error(t, err)
}

func wordings(a *Action) []string {
	if len(a.Variants) == 0 {
		return []string{string(a.Content.AppendJSON(nil))}
	}
	var out []string
	for _, v := range a.Variants {
		out = append(out, string(v.Content.AppendJSON(nil)))
	}
	return out
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

const (
	minute = 60_000
	hour   = 60 * minute
	day    = 24 * hour
)

// happening is an event some time before the last one.
type happening struct {
	ago        int64
	name       string
	properties string
}

func times(n int, every int64, name, properties string) (out []happening) {
	for i := n; i > 0; i-- {
		out = append(out, happening{int64(i) * every, name, properties})
	}
	return out
}

// fires folds what happened and tells which plays fire on the last event, with what is worth doing.
func fires(t *testing.T, b *Playbook, f Facts, happened []happening) (plays, worthwhile []string) {
	t.Helper()
	const now = 1_780_000_000_000
	set := vocabulary.Features
	state := set.NewState()
	var last event.Event
	for i, h := range happened {
		last = event.Event{ID: string(rune('a' + i)), Type: event.Track, Name: h.name, CustomerID: "c", Channel: "web", At: now - h.ago, ReceivedAt: now - h.ago}
		if h.properties != "" {
			var err error
			last.Properties, err = event.DecodeObject([]byte(h.properties))
			require.NoError(t, err)
		}
		if v := last.Properties.Find("sentiment"); v != nil {
			last.Enriched = event.Object{{Key: "sentiment", Value: *v}}
		}
		set.Fold(state, &last)
	}
	f.Event, f.Vector = &last, make([]float32, set.Len())
	require.NoError(t, set.Read(state, now, &features.Moment{}, f.Vector))
	f.Tags = set.Tags(f.Vector, nil)
	candidates := append(append(b.FiredBy(last.Name), b.StartedBy(last.Name)...), b.Asked()...)
	for _, p := range candidates {
		if !p.Possible(&f) || !p.Fires(&f) {
			continue
		}
		plays = append(plays, p.Name)
		for i := range p.Propose {
			if p.Propose[i].Worth(&f).Total > 0 {
				worthwhile = append(worthwhile, p.Propose[i].Action.Name)
			}
		}
	}
	return plays, worthwhile
}

func traits(t *testing.T, json string) Customer {
	object, err := event.DecodeObject([]byte(json))
	require.NoError(t, err)
	return Customer{ID: "c", Known: true, Traits: object}
}

func TestPresetsKnowTheirMoments(t *testing.T) {
	bag := happening{90 * minute, "Product Added", `{"product_id":"p","price":80,"quantity":1}`}
	big := happening{60 * day, "Order Completed", `{"revenue":3000}`}
	small := happening{60 * day, "Order Completed", `{"revenue":400}`}
	deals := times(4, 10*day, "Order Completed", `{"revenue":50,"discount":5}`)
	removals := append(times(3, 5*minute, "Product Added", `{"product_id":"p","price":80}`), times(2, minute, "Product Removed", `{"product_id":"p"}`)...)
	angry := []happening{{5 * minute, "Message Received", `{"text":"还没好？","sentiment":-0.5}`}, {minute, "Message Received", `{"text":"怎么还不行","sentiment":-0.7}`}}
	quieter := append(times(10, 2*day+12*hour, "Page Viewed", ``)[:7], happening{9 * day, "Satisfaction Rated", `{"score":5}`})
	for _, c := range []struct {
		preset  string
		about   string
		before  []happening
		last    happening
		facts   Facts
		play    string // that has to fire; with ! in front, that must not
		actions string // worth doing, "" to pass over
	}{
		{"e-commerce", "shipping fee seen twice before paying", []happening{bag, {5 * minute, "Shipping Fee Viewed", ``}}, happening{0, "Shipping Fee Viewed", ``}, Facts{}, "shipping-hesitation", "shipping-coupon"},
		{"e-commerce", "only once", []happening{bag}, happening{0, "Shipping Fee Viewed", ``}, Facts{}, "!shipping-hesitation", ""},
		{"e-commerce", "no early coupon for a coupon hunter", append(deals, bag, happening{5 * minute, "Shipping Fee Viewed", ``}), happening{0, "Shipping Fee Viewed", ``}, Facts{}, "!shipping-hesitation", ""},
		{"e-commerce", "cart unpaid", nil, happening{0, "Product Added", `{"product_id":"p","price":80}`}, Facts{}, "cart-unpaid", "cart-reminder"},
		{"e-commerce", "asked at a doubtful checkout", []happening{bag}, happening{0, "Cart Viewed", ``}, Facts{Predictions: []float32{0, 0.8, 0}}, "checkout-doubt", "shipping-coupon"},
		{"e-commerce", "browsed long, no cart", append(times(5, 3*minute, "Product Viewed", `{"product_id":"p"}`), happening{minute, "Page Left", `{"dwell_seconds":310}`}), happening{0, "Product Viewed", ``}, Facts{}, "browsing-without-cart", ""},
		{"e-commerce", "in and out of the cart", removals, happening{0, "Product Removed", `{"product_id":"p"}`}, Facts{}, "in-and-out-of-cart", "price-comparison price-drop-alert"},
		{"e-commerce", "out of stock for a high-value customer", []happening{big}, happening{0, "Product Viewed", `{"product_id":"p","in_stock":false}`}, Facts{}, "out-of-stock", "reserve-stock"},
		{"e-commerce", "out of stock for another", nil, happening{0, "Product Viewed", `{"product_id":"p","in_stock":false}`}, Facts{}, "!out-of-stock", ""},
		{"e-commerce", "refund policy again", []happening{{hour, "Refund Policy Viewed", ``}}, happening{0, "Refund Policy Viewed", ``}, Facts{}, "refund-policy-again", "refund-guide"},
		{"e-commerce", "… of some value", []happening{small, {hour, "Refund Policy Viewed", ``}}, happening{0, "Refund Policy Viewed", ``}, Facts{}, "refund-policy-again", "service-chat refund-guide"},
		{"e-commerce", "… of high value", []happening{big, {hour, "Refund Policy Viewed", ``}}, happening{0, "Refund Policy Viewed", ``}, Facts{}, "refund-policy-again", "personal-advisor service-chat refund-guide"},
		{"e-commerce", "three days on the account page", times(2, day, "Page Viewed", `{"path":"/account"}`), happening{0, "Page Viewed", `{"path":"/account"}`}, Facts{}, "days-on-the-account-page", "account-discount stock-alert"},
		{"e-commerce", "seasonal need", nil, happening{0, "Product Added", `{"product_id":"p","season":"winter"}`}, Facts{}, "seasonal-need", ""},
		{"e-commerce", "after-sale return", nil, happening{0, "Order Refunded", ``}, Facts{}, "after-return", "substitutes"},
		{"e-commerce", "about to leave", []happening{big}, happening{0, "Page Viewed", ``}, Facts{Predictions: []float32{0.9, 0, 0}}, "save-churner", "loyalty-discount call-back"},
		{"e-commerce", "satisfaction and activity falling", quieter, happening{0, "Satisfaction Rated", `{"score":2}`}, Facts{}, "satisfaction-and-activity-falling", "save-offer"},
		{"e-commerce", "my order is stuck", nil, happening{0, "Message Received", `{"text":"我的订单卡在杭州两天了"}`}, Facts{}, "stuck-parcel", "urge-carrier compensation follow-up-tag"},

		{"software-trial", "errors in a row", times(2, minute, "Error Shown", ``), happening{0, "Error Shown", ``}, Facts{}, "errors-in-a-row", "tutorial human-help"},
		{"software-trial", "trial of a high-value prospect", nil, happening{0, "Trial Started", ``}, Facts{Customer: traits(t, `{"company_size":500}`)}, "trial-ending-valuable", ""},
		{"software-trial", "trial of another", nil, happening{0, "Trial Started", ``}, Facts{}, "trial-ending", ""},
		{"software-trial", "lead score over the threshold", nil, happening{0, "Identified", ``}, Facts{Customer: traits(t, `{"lead_score":85}`)}, "lead-score-reached", "outbound-list"},
		{"software-trial", "lead score below it", nil, happening{0, "Identified", ``}, Facts{Customer: traits(t, `{"lead_score":60}`)}, "!lead-score-reached", ""},

		{"service-desk", "a plain question", nil, happening{0, "Message Received", `{"text":"how do I pay","sentiment":0}`}, Facts{}, "level-1", "route-bot"},
		{"service-desk", "asks for a human", nil, happening{0, "Message Received", `{"text":"Real person please","sentiment":0}`}, Facts{}, "level-2", ""},
		{"service-desk", "an angry customer of value", append([]happening{big}, angry...), happening{0, "Message Received", `{"text":"算了","sentiment":-0.9}`}, Facts{}, "level-3", ""},
		{"service-desk", "emotion worsening", angry, happening{0, "Message Received", `{"text":"算了","sentiment":-0.9}`}, Facts{}, "emotion-worsening", ""},
		{"service-desk", "emotion worsening, says the model", angry[:1], happening{0, "Message Received", `{"text":"嗯","sentiment":-0.1}`}, Facts{Predictions: []float32{0, 0, 0.8}}, "emotion-worsening", ""},
		{"service-desk", "complaint", nil, happening{0, "Message Received", `{"text":"I will COMPLAIN about this","sentiment":-0.2}`}, Facts{}, "complaint", ""},
		{"service-desk", "stuck parcel", nil, happening{0, "Message Received", `{"text":"My parcel hasn't moved for days","sentiment":-0.2}`}, Facts{}, "stuck-parcel", ""},
		{"service-desk", "over-promise", nil, happening{0, "Message Sent", `{"text":"我们100%保证明天到"}`}, Facts{}, "over-promise", "quality-alert"},
		{"service-desk", "a modest answer", nil, happening{0, "Message Sent", `{"text":"we will try"}`}, Facts{}, "!over-promise", ""},
	} {
		for _, language := range []string{"zh", "en"} {
			plays, actions := fires(t, preset(t, c.preset, language), c.facts, append(append([]happening(nil), c.before...), c.last))
			if name, not := strings.CutPrefix(c.play, "!"); not {
				assert.NotContains(t, plays, name, c.about)
			} else {
				assert.Contains(t, plays, name, c.about)
			}
			if c.actions != "" {
				assert.Subset(t, actions, strings.Fields(c.actions), c.about)
			}
			if c.about == "refund policy again" {
				assert.Equal(t, []string{"refund-guide"}, actions, "nobody is worth a human here")
			}
		}
	}
}

func TestTimedMomentsOfPresets(t *testing.T) {
	shop, trial := preset(t, "e-commerce", "zh"), preset(t, "software-trial", "zh")
	assert.Equal(t, "cart-unpaid", shop.MootedBy("Order Completed")[0].Name, "paid at 23:59")
	assert.EqualValues(t, 24*hour, shop.MootedBy("Order Completed")[0].After.Milliseconds())
	stuck := trial.Dwelling()[0]
	assert.True(t, stuck.Dwell.Matches("/config/users"))
	assert.EqualValues(t, 3*minute, stuck.Dwell.LongerThan.Milliseconds())
	assert.Equal(t, "getting-started", trial.StartedBy("Trial Started")[0].Propose[0].Action.Name)
	hourly := trial.StartedBy("Trial Started")[0].Hour
	assert.EqualValues(t, 21, hourly.Eval(&Facts{Vector: vector(map[string]float32{"preferred_hour": 21})}))
}
