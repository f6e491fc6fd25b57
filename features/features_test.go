package features_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
	start  = 20_000 * day
)

var nextID int

// happened makes an event with an id of its own; pairs are property names and values.
func happened(name string, at int64, pairs ...any) *event.Event {
	nextID++
	e := &event.Event{ID: fmt.Sprint("e", nextID), Type: event.Track, Name: name, CustomerID: "c", At: at, ReceivedAt: at, Channel: "web"}
	for i := 0; i < len(pairs); i += 2 {
		v := event.Value{}
		switch x := pairs[i+1].(type) {
		case string:
			v = event.StringValue(x)
		case int:
			v = event.NumberValue(float64(x))
		case float64:
			v = event.NumberValue(x)
		}
		e.Properties = e.Properties.Set(pairs[i].(string), v)
	}
	return e
}

func read(t *testing.T, fs *features.FeatureSet, s *features.State, now int64) func(name string) float32 {
	t.Helper()
	out := make([]float32, fs.Len())
	require.NoError(t, fs.Read(s, now, &features.Moment{}, out))
	return func(name string) float32 {
		i, ok := fs.Index(name)
		require.True(t, ok, name)
		return out[i]
	}
}

func foldAll(fs *features.FeatureSet, list ...*event.Event) *features.State {
	s := fs.NewState()
	for _, e := range list {
		fs.Fold(s, e)
	}
	return s
}

func TestTheFeaturesThatEveryInstallHas(t *testing.T) {
	fs := features.Default()
	require.GreaterOrEqual(t, fs.Len(), 60)
	require.LessOrEqual(t, fs.Len(), 90)
	for _, name := range []string{
		"product_views_1h", "page_views_90d", "sessions_7d", "searches_1d", "orders_90d", "spend_90d", "coupon_orders_90d", "errors_1h", "messages_30d",
		"shipping_views_30m", "refund_policy_views_1d", "cart_adds_1d", "cart_removes_1d", "cart_items", "cart_value", "cart_age_minutes", "checkout_step",
		"errors_in_a_row", "visit_streak_days", "account_streak_days", "minutes_since_last_event", "days_since_last_order", "tenure_days", "dwell_seconds_30m",
		"sentiment_last", "sentiment_mean", "sentiment_slope", "negative_in_a_row", "satisfaction_last", "satisfaction_mean", "preferred_channel", "preferred_hour",
	} {
		_, ok := fs.Index(name)
		assert.True(t, ok, name)
	}
	for _, f := range fs.Features() {
		assert.NotEmpty(t, f.Meaning, f.Name)
		assert.NotEmpty(t, f.Unit, f.Name)
	}
}

func TestAnUnknownCustomerReadsDefaults(t *testing.T) {
	fs := features.Default()
	f := read(t, fs, fs.NewState(), start)
	assert.Zero(t, f("orders_90d"))
	assert.Zero(t, f("sentiment_last"), "the file gives it a default")
	assert.True(t, math.IsNaN(float64(f("days_since_last_order"))))
}

func TestHesitationAtCheckout(t *testing.T) {
	fs := features.Default()
	s := foldAll(fs,
		happened("Product Added", start, "product_id", "p1", "price", 12.5, "quantity", 2),
		happened("Product Added", start+minute, "product_id", "p2", "price", 5),
		happened("Product Removed", start+2*minute, "product_id", "p2"),
		happened("Checkout Started", start+3*minute),
		happened("Shipping Fee Viewed", start+4*minute),
		happened("Page Viewed", start+5*minute, "path", "/help/shipping"),
		happened("Page Left", start+6*minute, "path", "/help/shipping", "dwell_seconds", 42.5),
	)
	f := read(t, fs, s, start+10*minute)
	assert.EqualValues(t, 2, f("cart_items"))
	assert.EqualValues(t, 25, f("cart_value"))
	assert.EqualValues(t, 10, f("cart_age_minutes"))
	assert.EqualValues(t, 1, f("checkout_step"))
	assert.EqualValues(t, 2, f("shipping_views_30m"))
	assert.EqualValues(t, 42.5, f("dwell_seconds_30m"))
	assert.EqualValues(t, 0.5, f("add_remove_ratio_1d"))
	assert.EqualValues(t, 1, f("sessions_1d"))
	assert.EqualValues(t, 9, f("minutes_since_cart_add"))

	fs.Fold(s, happened("Order Completed", start+11*minute, "revenue", 25, "coupon", "SPRING"))
	f = read(t, fs, s, start+12*minute)
	assert.Zero(t, f("cart_items"))
	assert.True(t, math.IsNaN(float64(f("cart_age_minutes"))))
	assert.Zero(t, f("checkout_step"))
	assert.EqualValues(t, 25, f("spend_90d"))
	assert.EqualValues(t, 1, f("coupon_orders_90d"))
	assert.Equal(t, features.Cart{}, s.Cart())
	vector := make([]float32, fs.Len())
	require.NoError(t, fs.Read(s, start+12*minute, &features.Moment{}, vector))
	assert.Equal(t, []string{"price_sensitive"}, fs.Tags(vector, nil))
}

func TestTheOrdersOfADayAreOneDay(t *testing.T) {
	fs := features.Default()
	s := foldAll(fs,
		happened("Order Completed", start, "items", 5),
		happened("Order Completed", start+minute, "items", 2),
		happened("Order Completed", start+120*day),
	)
	f := read(t, fs, s, start+120*day)
	assert.EqualValues(t, 3, f("orders_total"))
	assert.EqualValues(t, 2, f("order_days"))
	assert.EqualValues(t, 7, f("pieces_total"))
	assert.InDelta(t, 2, f("order_momentum"), 1e-3)
	assert.InDelta(t, 2*2/3., f("order_day_momentum"), 1e-3)
}

func TestAConversationTurningBad(t *testing.T) {
	fs := features.Default()
	s := fs.NewState()
	for i, feeling := range []float64{0.5, 0, -0.5, -1} {
		e := happened("Message Received", start+int64(i)*minute, "text", "why?!")
		e.Enriched = event.Object{{Key: "sentiment", Value: event.NumberValue(feeling)}}
		fs.Fold(s, e)
	}
	f := read(t, fs, s, start+4*minute)
	assert.EqualValues(t, 4, f("unanswered_messages"))
	assert.EqualValues(t, 2, f("negative_messages_1d"))
	assert.EqualValues(t, -1, f("sentiment_last"))
	assert.EqualValues(t, -0.25, f("sentiment_mean"))
	assert.EqualValues(t, -0.5, f("sentiment_slope"))
	assert.EqualValues(t, 2, f("negative_in_a_row"))
	assert.EqualValues(t, 3, f("repeated_messages_1d"))
	assert.EqualValues(t, 5, f("message_length_mean"))
}

func TestTheFactsOfTheMoment(t *testing.T) {
	fs := features.Default()
	out := make([]float32, fs.Len())
	i, _ := fs.Index("page_kind")
	for kind, want := range map[string]float32{"home": 0, "checkout": 4, "basement": 5} {
		m := features.Moment{Context: event.Object{{Key: "page_kind", Value: event.StringValue(kind)}}}
		require.NoError(t, fs.Read(fs.NewState(), start, &m, out))
		assert.Equal(t, want, out[i], kind)
	}
}

func TestOneEventIsFoldedOnce(t *testing.T) {
	fs := features.Default()
	e := happened("Product Viewed", start)
	s := foldAll(fs, e)
	before := s.Append(nil)
	outcome, _ := fs.Fold(s, e)
	assert.Equal(t, features.Duplicate, outcome)
	assert.Equal(t, before, s.Append(nil))

	for i := range int64(255) {
		fs.Fold(s, happened("Product Viewed", start+(20+i)*minute))
	}
	outcome, _ = fs.Fold(s, e)
	assert.Equal(t, features.Duplicate, outcome, "the last 256 are remembered whatever their age")
	fs.Fold(s, happened("Product Viewed", start+day))
	outcome, _ = fs.Fold(s, e)
	assert.Equal(t, features.Folded, outcome, "the 257th back, a day old, is not")
}

func TestABurstOfTenMinutesIsRemembered(t *testing.T) {
	fs := features.Default()
	s := fs.NewState()
	first := happened("Product Viewed", start)
	fs.Fold(s, first)
	for i := range int64(2499) {
		fs.Fold(s, happened("Product Viewed", start+i*200))
	}
	outcome, _ := fs.Fold(s, first)
	assert.Equal(t, features.Duplicate, outcome)
	assert.Less(t, len(s.Append(nil)), 40_000)
}

func TestClocksThatRunAheadOrLate(t *testing.T) {
	fs := features.Default()
	ahead := happened("Product Viewed", start)
	ahead.At = start + hour
	s := fs.NewState()
	_, clamped := fs.Fold(s, ahead)
	assert.True(t, clamped)
	assert.Equal(t, start, s.LastAt())

	old := happened("Product Viewed", start)
	old.At = start - 366*day
	outcome, _ := fs.Fold(s, old)
	assert.Equal(t, features.TooOld, outcome)
	assert.EqualValues(t, 1, s.Events())
	outcome, _ = fs.Fold(s, old)
	assert.Equal(t, features.Duplicate, outcome, "its id is remembered, so it is journaled once")

	late := happened("Order Completed", start, "revenue", 10)
	late.At = start - 40*day
	fs.Fold(s, late)
	f := read(t, fs, s, start)
	assert.Zero(t, f("orders_30d"))
	assert.EqualValues(t, 1, f("orders_90d"))
	assert.EqualValues(t, 40, f("tenure_days"))
	assert.EqualValues(t, 1, f("sessions_90d"), "a late event begins no session")
}

func TestReadingThePastIsRefused(t *testing.T) {
	fs := features.Default()
	s := foldAll(fs, happened("Product Viewed", start))
	assert.ErrorIs(t, fs.Read(s, start-1, &features.Moment{}, make([]float32, fs.Len())), features.ErrBeforeNewest)
}

func TestTraitsAndOptOut(t *testing.T) {
	fs := features.Default()
	identify := func(at int64, traits event.Object) *event.Event {
		e := happened(event.Identified, at)
		e.Type, e.Traits = event.Identify, traits
		return e
	}
	s := foldAll(fs, identify(start, event.Object{{Key: "city", Value: event.StringValue("Hangzhou")}, {Key: "opt_out", Value: event.BoolValue(true)}}))
	assert.True(t, s.OptOut().All)
	assert.Equal(t, "Hangzhou", s.Traits().Find("city").Text())

	again := fs.NewState()
	require.NoError(t, fs.Decode(s.Append(nil), again))
	assert.True(t, again.OptOut().All)
	assert.Equal(t, "Hangzhou", again.Traits().Find("city").Text())

	fs.Fold(s, identify(start+1, event.Object{{Key: "opt_out", Value: event.Value{Kind: event.List, Items: event.Object{{Value: event.StringValue("sms")}, {Value: event.StringValue("email")}}}}}))
	assert.Equal(t, features.OptOut{Scopes: []string{"email", "sms"}}, s.OptOut())
	fs.Fold(s, identify(start+2, event.Object{{Key: "opt_out", Value: event.BoolValue(false)}}))
	assert.False(t, s.OptOut().Any())

	var many event.Object
	for i := range 100 {
		many = many.Set(fmt.Sprint("trait", i), event.StringValue("x"))
	}
	fs.Fold(s, identify(start+3, many))
	assert.LessOrEqual(t, len(s.Traits()), 32)
}

// randomHistory draws a believable customer.
func randomHistory(seed uint64, n int) []*event.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	names := []string{"Product Viewed", "Page Viewed", "Product Added", "Product Removed", "Search", "Checkout Started", "Order Completed", "Message Received", "Error Shown", "Page Left", "Something Else"}
	list := make([]*event.Event, n)
	at := start
	for i := range list {
		at += r.Int64N(2 * hour)
		list[i] = happened(names[r.IntN(len(names))], at, "product_id", fmt.Sprint(r.IntN(9)), "price", float64(r.IntN(9000))/100, "revenue", r.IntN(300), "path", "/shipping", "dwell_seconds", r.IntN(99))
	}
	return list
}

func vectorBits(t *testing.T, fs *features.FeatureSet, s *features.State, now int64) []uint32 {
	out := make([]float32, fs.Len())
	require.NoError(t, fs.Read(s, now, &features.Moment{}, out))
	bits := make([]uint32, len(out))
	for i, v := range out {
		bits[i] = math.Float32bits(v)
	}
	return bits
}

func TestShufflingChangesNoOrderFreeFeature(t *testing.T) {
	fs := features.Default()
	for seed := range uint64(20) {
		list := randomHistory(seed, 300)
		now := list[len(list)-1].At + hour
		want := vectorBits(t, fs, foldAll(fs, list...), now)
		rand.New(rand.NewPCG(seed, 2)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		got := vectorBits(t, fs, foldAll(fs, list...), now)
		for i, f := range fs.Features() {
			if f.OrderFree {
				require.Equal(t, want[i], got[i], "%s, seed %d", f.Name, seed)
			}
		}
	}
}

func TestMergingReadsAsOne(t *testing.T) {
	fs := features.Default()
	for seed := range uint64(20) {
		list := randomHistory(seed, 300)
		now := list[len(list)-1].At + hour
		cut := int(seed) * 15
		anonymous, customer := foldAll(fs, list[:cut]...), foldAll(fs, list[cut:]...)
		fs.Merge(customer, anonymous)
		want, got := vectorBits(t, fs, foldAll(fs, list...), now), vectorBits(t, fs, customer, now)
		for i, f := range fs.Features() {
			if f.OrderFree {
				require.Equal(t, want[i], got[i], "%s, seed %d", f.Name, seed)
			}
		}
		assert.EqualValues(t, len(list), customer.Events())
		outcome, _ := fs.Fold(customer, list[len(list)-1])
		assert.Equal(t, features.Duplicate, outcome)
	}
}

func TestFoldAndReadAllocateNothing(t *testing.T) {
	fs := features.Default()
	list := randomHistory(3, 2000)
	s := foldAll(fs, list...)
	out, m := make([]float32, fs.Len()), features.Moment{}
	now := list[len(list)-1].At
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = fs.Read(s, now, &m, out) }))
	raw, buf := s.Append(nil), make([]byte, 0, 1<<16)
	assert.Zero(t, testing.AllocsPerRun(100, func() { buf = s.Append(buf[:0]) }))
	require.NoError(t, fs.Decode(raw, s))
}
