package features_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

// wants is a message that a model read intents in; they come in pairs of name and score.
func wants(at int64, text string, intents ...any) *event.Event {
	e := happened(event.MessageReceived, at, "text", text)
	found := event.Value{Kind: event.Map}
	for i := 0; i < len(intents); i += 2 {
		found.Items = found.Items.Set(intents[i].(string), event.NumberValue(intents[i+1].(float64)))
	}
	models := event.Value{Kind: event.Map, Items: event.Object{{Key: "intent", Value: event.StringValue("intent@1")}}}
	e.Enriched = event.Object{{Key: "intents", Value: found}, {Key: "models", Value: models}}
	return e
}

func said(t *testing.T, s *features.State, now int64) features.Conversation {
	t.Helper()
	var c features.Conversation
	if s.Conversation(now, &c) {
		return c
	}
	require.Equal(t, features.Conversation{}, c, "what is over is not to be read")
	return c
}

func TestAConversationIsWhatWasSaidLastInTheVisit(t *testing.T) {
	fs := features.Default()
	s := foldAll(fs,
		wants(start, "where is my parcel", "track_parcel", 0.8, "refund", 0.1),
		happened(event.MessageSent, start+minute, "text", "on its way"),
		happened("Page Viewed", start+2*minute))
	parcel := features.Conversation{
		Message: "where is my parcel", Reply: "on its way", Model: "intent@1",
		Intents: []features.Intent{{Name: "track_parcel", Score: 0.8}, {Name: "refund", Score: 0.1}},
	}
	assert.Equal(t, parcel, said(t, s, start+3*minute))
	assert.Equal(t, parcel, said(t, s, start+32*minute), "the visit lasts")
	assert.Empty(t, said(t, s, start+33*minute), "the visit is over")

	other := fs.NewState()
	fs.Merge(other, s)
	assert.Equal(t, parcel, said(t, other, start+3*minute), "merged into an empty state")
	fs.Fold(other, wants(start+4*minute, "never mind", "goodbye", 0.9))
	fs.Merge(other, s)
	assert.Equal(t, "never mind", said(t, other, start+5*minute).Message, "what was said later prevails")

	fs.Fold(s, happened(event.MessageReceived, start+4*minute, "text", "hello?"))
	assert.Equal(t, features.Conversation{Message: "hello?"}, said(t, s, start+5*minute), "a new message, not read, not answered")
	fs.Fold(s, happened("Page Viewed", start+2*hour))
	assert.Empty(t, said(t, s, start+2*hour), "a new visit begins without it")
}

func TestAConversationIsBounded(t *testing.T) {
	fs := features.Default()
	many := []any{"", 0.5, strings.Repeat("n", 65), 0.5, "more_than_sure", 1.5}
	for range 20 {
		many = append(many, "i"+strings.Repeat("i", len(many)), 0.5)
	}
	s := foldAll(fs, wants(start, strings.Repeat("长", 5000), many...))
	c := said(t, s, start)
	assert.Equal(t, strings.Repeat("长", 200), c.Message)
	assert.Len(t, c.Intents, 8)
	for _, in := range c.Intents {
		assert.Contains(t, in.Name, "iii")
	}
	e := happened(event.MessageReceived, start+minute)
	e.Enriched = event.Object{{Key: "intents", Value: event.StringValue("refund")}}
	fs.Fold(s, e)
	assert.Empty(t, said(t, s, start+minute).Intents, "an importer's intents that are no map")
}

func TestAConversationSurvivesStorage(t *testing.T) {
	fs, r := features.Default(), rand.New(rand.NewPCG(3, 4))
	live, stored := fs.NewState(), fs.NewState()
	at := start
	for range 300 {
		at += r.Int64N(20 * minute)
		var e *event.Event
		switch r.IntN(4) {
		case 0:
			e = wants(at, strings.Repeat("你好", r.IntN(150)), "refund", r.Float64(), "hello", r.Float64())
		case 1:
			e = happened(event.MessageReceived, at)
		case 2:
			e = happened(event.MessageSent, at, "text", strings.Repeat("ok", r.IntN(3)))
		default:
			e = happened("Page Viewed", at)
		}
		fs.Fold(live, e)
		fs.Fold(stored, e)
		raw := stored.Append(nil)
		require.NoError(t, fs.Decode(raw, stored))
		require.Equal(t, live.Append(nil), raw)
		require.Equal(t, said(t, live, at), said(t, stored, at))
	}
}
