package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/server/live"
)

// newReader is an engine with a model of sentiment, which says how long a message is, and one of intents, which says how long it is
// together with the message before it.
func newReader(t *testing.T, more ...bundletest.Bundle) *engine {
	t.Helper()
	e := newEngine(t, nil)
	mood, intent := bundletest.TextFor("sentiment", "mood", "content"), bundletest.TextFor("intent", "long_story", "shouting")
	e.use(nil, append([]bundletest.Bundle{mood, intent}, more...)...)
	return e
}

// message is one of customer c, so many seconds before noon, made as a client sends it.
func message(t *testing.T, id string, secondsAgo int, properties string) event.Event {
	t.Helper()
	at := noon.Add(-time.Duration(secondsAgo) * time.Second)
	line := fmt.Sprintf(`{"id":%q,"event":"Message Received","customer_id":"c","at":%q,"properties":%s}`, id, at.Format(time.RFC3339), properties)
	e, err := event.Decode([]byte(line), event.Origin{ReceivedAt: noon.UnixMilli()})
	require.NoError(t, err)
	return e
}

// enriched is what the journal keeps of what was read in an event.
type enriched struct {
	Sentiment *float64
	Intents   map[string]float64
	Models    map[string]string
	Mood      map[string]float64
	Urgency   *float64
}

func (e *engine) journal(id string) (read enriched) {
	e.t.Helper()
	records, err := e.Recent(e.t.Context(), "c", 100)
	require.NoError(e.t, err)
	for _, r := range records {
		var kept struct {
			ID       string
			Enriched enriched
		}
		require.NoError(e.t, json.Unmarshal(r.Data, &kept))
		if r.Kind == store.RecordEvent && kept.ID == id {
			return kept.Enriched
		}
	}
	e.t.Fatalf("the journal has no event %s", id)
	return read
}

func (e *engine) feature(name string) float64 {
	e.t.Helper()
	p, err := e.Profile(e.t.Context(), "c", 0)
	require.NoError(e.t, err)
	i, ok := e.Features().Index(name)
	require.True(e.t, ok)
	return float64(p.Vector[i])
}

// length is what the test model says of so many code points.
func length(points int) float64 {
	return math.Round(1e4*bundletest.TextScore(points, 'x')[0]) / 1e4
}

func TestAMessageIsReadWhenItIsTakenIn(t *testing.T) {
	e := newReader(t, bundletest.TextFor("mood", "long", "loud"))
	in := e.ingest([]event.Event{message(t, "1", 60, `{"text":"还没发货"}`)})
	require.Equal(t, 1, in.Accepted)
	got := e.journal("1")
	require.NotNil(t, got.Sentiment)
	assert.Equal(t, length(4+1), *got.Sentiment)
	assert.InDelta(t, length(4+1), e.feature("sentiment_last"), 1e-6)
	assert.Len(t, got.Intents, 2)
	assert.Len(t, got.Mood, 2, "of any other task every output")
	assert.Equal(t, map[string]string{"sentiment": "sentiment@1", "intent": "intent@1", "mood": "mood@1"}, got.Models)

	a := e.score(live.Request{Customer: "c"})
	require.Len(t, a.Said.Intents, 2)
	assert.GreaterOrEqual(t, a.Said.Intents[0].Score, a.Said.Intents[1].Score)
	var answer struct {
		Intents []struct {
			Name    string
			Score   float64
			Because []struct{ Text, Model string }
		}
	}
	require.NoError(t, json.Unmarshal(a.AppendJSON(nil), &answer))
	require.Len(t, answer.Intents, 2)
	assert.Equal(t, got.Intents[answer.Intents[0].Name], answer.Intents[0].Score)
	assert.Equal(t, []struct{ Text, Model string }{{"还没发货", "intent@1"}}, answer.Intents[0].Because)
	assert.EqualValues(t, 3, e.counter("halfstep_texts_read_total", "read"))
	e.lint()
}

func TestWhatIsNotRead(t *testing.T) {
	e := newReader(t)
	sent := message(t, "sent", 60, `{"text":"Hello"}`)
	sent.Name = event.MessageSent
	read := message(t, "read", 60, `{"text":"again"}`)
	read.Enriched = event.Object{{Key: "models", Value: event.Value{Kind: event.Map, Items: event.Object{{Key: "intent", Value: event.StringValue("intent@7")}}}}}
	for name, ev := range map[string]event.Event{
		"from the agent":    sent,
		"read before":       read,
		"without a text":    message(t, "none", 60, `{}`),
		"with an empty one": message(t, "empty", 60, `{"text":""}`),
		"with no text":      message(t, "number", 60, `{"text":7}`),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 1, e.ingest([]event.Event{ev}).Accepted)
			got := e.journal(ev.ID)
			assert.Nil(t, got.Sentiment)
			assert.Nil(t, got.Intents)
		})
	}
	assert.Zero(t, e.counter("halfstep_texts_read_total", "read"))
	require.Equal(t, 1, e.ingest([]event.Event{message(t, "rated", 60, `{"text":"fine","sentiment":0.25}`)}).Accepted)
	got := e.journal("rated")
	assert.Equal(t, 0.25, *got.Sentiment, "what the caller knows stands in for what a model would say")
	assert.Equal(t, map[string]string{"intent": "intent@1"}, got.Models)
}

func TestAModelSeesWhatWasSaidBefore(t *testing.T) {
	e := newReader(t)
	ask := func(id string, secondsAgo int, text string) float64 {
		require.Equal(t, 1, e.ingest([]event.Event{message(t, id, secondsAgo, `{"text":"`+text+`"}`)}).Accepted)
		return e.journal(id).Intents["long_story"]
	}
	assert.Equal(t, length(6+1), ask("1", 5000, "first!"), "nothing was said before")
	assert.Equal(t, length(2+1+6), ask("2", 4900, "xx"), "the message before, behind a separator")
	assert.Equal(t, length(5+1), ask("3", 60, "later"), "another visit")

	answers := make([]live.Answer, 1)
	r := live.Request{Customer: "c", Events: []event.Event{message(t, "4", 30, `{"text":"y"}`), message(t, "5", 20, `{"text":"zz"}`)}}
	require.NoError(t, e.Score([]live.Request{r}, answers))
	assert.Equal(t, length(1+1+5), e.journal("4").Intents["long_story"])
	assert.Equal(t, length(2+1+1), e.journal("5").Intents["long_story"], "the message before is of the same request")
	assert.Equal(t, "zz", answers[0].Said.Message)
}

func TestAPreviewReadsAndKeepsNothing(t *testing.T) {
	e := newReader(t)
	a := e.score(live.Request{Customer: "c", Preview: true, Events: []event.Event{message(t, "1", 30, `{"text":"hello"}`)}})
	assert.Len(t, a.Said.Intents, 2)
	assert.Zero(t, e.known())
}

func TestAModelThatFailsCostsNothingButItsAnswer(t *testing.T) {
	e := newEngine(t, nil)
	narrow := bundletest.TextFor("sentiment", "mood", "content")
	narrow.Bands = "[{name: some, from: 0}]"
	narrow.Outputs = strings.Replace(narrow.Outputs, "[0, 1]", "[0, 0.6]", 1)
	e.use(nil, narrow, bundletest.TextFor("intent", "long_story", "shouting"))
	require.Equal(t, 1, e.ingest([]event.Event{message(t, "1", 60, `{"text":"`+strings.Repeat("x", 500)+`"}`)}).Accepted)
	got := e.journal("1")
	assert.Nil(t, got.Sentiment)
	assert.Equal(t, map[string]string{"intent": "intent@1"}, got.Models)
	assert.EqualValues(t, 1, e.counter("halfstep_texts_read_total", "failed"))
	assert.EqualValues(t, 1, e.counter("halfstep_texts_read_total", "read"))
}

func TestAModelThatIsLateHoldsNothingUp(t *testing.T) {
	e := newReader(t)
	require.NoError(t, e.runtime.Acquire(t.Context()))
	defer e.runtime.Release()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.Equal(t, 1, e.Ingest(ctx, []event.Event{message(t, "1", 60, `{"text":"hello"}`)}).Accepted)
	assert.NoError(t, ctx.Err(), "there was time left to store the event")
	got := e.journal("1")
	assert.Nil(t, got.Sentiment)
	assert.Nil(t, got.Models, "whoever imports the journal may read the message yet")
	assert.EqualValues(t, 2, e.counter("halfstep_texts_read_total", "late"))
}

func TestAMessageIsReadOnce(t *testing.T) {
	e := newReader(t)
	another := newEngine(t, nil)
	another.driver.Driver = e.driver.Driver
	e.driver.beforeCommit = func() { another.ingest(events(t, "meanwhile")) }
	require.Equal(t, 1, e.ingest([]event.Event{message(t, "1", 60, `{"text":"hello"}`)}).Accepted)
	require.EqualValues(t, 1, e.counter("halfstep_store_conflicts_total", ""))
	require.Equal(t, 1, e.ingest([]event.Event{message(t, "1", 60, `{"text":"hello"}`)}).Duplicates)
	assert.EqualValues(t, 2, e.counter("halfstep_texts_read_total", "read"), "by two models, for all that the commit collided and the event came twice")
}

func TestTheJournalMakesTheSameStateWithoutModels(t *testing.T) {
	e := newReader(t)
	for i := range 20 {
		e.ingest([]event.Event{message(t, fmt.Sprint(i), 2000-60*i, `{"text":"`+strings.Repeat("长", 7*i%11+1)+`"}`)})
	}
	records, err := e.Recent(t.Context(), "c", 100)
	require.NoError(t, err)
	set := e.Features()
	state := set.NewState()
	for _, r := range records {
		ev, err := event.Decode(r.Data, event.Origin{History: true})
		require.NoError(t, err)
		set.Fold(state, &ev)
	}
	snaps := make([]store.Snapshot, 1)
	require.NoError(t, e.driver.Load(t.Context(), []string{"c"}, snaps))
	assert.Equal(t, snaps[0].State, state.Append(nil))
	var c features.Conversation
	assert.True(t, state.Conversation(noon.UnixMilli(), &c))
}
