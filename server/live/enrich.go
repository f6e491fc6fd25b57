package live

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundle"
)

// The intents that an event keeps: the likeliest, and none that is hardly likelier than any other.
const (
	mostIntents = 5
	leastIntent = 0.05
)

// The keys of what is read out of a message. Other tasks have a key of their own name.
const (
	intentsKey = "intents"
	modelsKey  = "models"
)

// enricher reads messages with the text models of one request. What it reads becomes part of the event before anything is folded or
// journaled, so nobody ever has to read the message again.
type enricher struct {
	engine *Engine
	texts  []*models.TextModel
	until  time.Time // no model is waited for beyond it
	said   features.Conversation
	out    []float32
}

// newEnricher may wait for models for half of the time that there is: an event that was not read is worse off than one that was, but
// better than one that was not stored.
func (e *Engine) newEnricher(snapshot *models.Snapshot, patience time.Duration) enricher {
	r := enricher{engine: e, texts: snapshot.Texts()}
	if len(r.texts) > 0 {
		r.until = time.Now().Add(patience / 2)
	}
	return r
}

// enrich reads the customer's message, if the event is one that was not read before. The state is what was known of the customer before
// it. What cannot be read is left out and counted.
func (r *enricher) enrich(e *event.Event, state *features.State) {
	if len(r.texts) == 0 || e.Name != event.MessageReceived || e.Enriched.Find(modelsKey) != nil {
		return
	}
	text := e.Properties.Find("text").Text()
	if text == "" || state.Seen(e.ID) {
		return
	}
	start := time.Now()
	at, _ := e.Time()
	state.Conversation(at, &r.said)
	ctx, cancel := context.WithDeadline(context.Background(), r.until)
	defer cancel()
	var readers event.Object
	for _, m := range r.texts {
		key := keyOf(m)
		if e.Enriched.Find(key) != nil || !r.read(ctx, m, text) {
			continue
		}
		e.Enriched = e.Enriched.Set(key, answerOf(m, r.out))
		readers = append(readers, event.Field{Key: m.Task, Value: event.StringValue(m.ID())})
	}
	if len(readers) > 0 {
		e.Enriched = e.Enriched.Set(modelsKey, event.Value{Kind: event.Map, Items: readers})
	}
	r.engine.metrics.Text.Observe(time.Since(start).Seconds())
}

// read runs a model on the message and on those texts before it that the model wants.
func (r *enricher) read(ctx context.Context, m *models.TextModel, message string) bool {
	var texts [3]string
	n := min(len(m.Inputs), len(texts))
	for i, in := range m.Inputs[:n] {
		switch in.Name {
		case bundle.Message:
			texts[i] = message
		case bundle.EarlierMessage:
			texts[i] = r.said.Message
		case bundle.Reply:
			texts[i] = r.said.Reply
		}
	}
	var err error
	r.out, err = m.Read(ctx, r.out[:0], texts[:n]...)
	switch metrics := r.engine.metrics; {
	case err == nil:
		metrics.TextRead.Inc()
	case isTimeout(err):
		metrics.TextLate.Inc()
	default:
		metrics.TextFailed.Inc()
		r.engine.complain("text model "+m.ID()+" failed", err)
	}
	return err == nil
}

func keyOf(m *models.TextModel) string {
	if m.Task == bundle.TaskIntent {
		return intentsKey
	}
	return m.Task
}

// answerOf is what an event says of a model's outputs.
func answerOf(m *models.TextModel, out []float32) event.Value {
	switch {
	case m.Task == bundle.TaskIntent:
		return likeliest(m.Outputs, out)
	case m.Task == bundle.TaskSentiment || len(out) == 1:
		return scoreValue(out[0])
	}
	all := event.Value{Kind: event.Map}
	for i, o := range m.Outputs {
		all.Items = append(all.Items, event.Field{Key: o.Name, Value: scoreValue(out[i])})
	}
	return all
}

// likeliest maps the intents to their scores, the likeliest first.
func likeliest(outputs []bundle.Output, out []float32) event.Value {
	found := event.Value{Kind: event.Map}
	for i, o := range outputs {
		if out[i] >= leastIntent {
			found.Items = append(found.Items, event.Field{Key: o.Name, Value: scoreValue(out[i])})
		}
	}
	slices.SortStableFunc(found.Items, func(a, b event.Field) int { return cmp.Compare(b.Num, a.Num) })
	found.Items = found.Items[:min(len(found.Items), mostIntents)]
	return found
}

// scoreValue rounds to four digits: no model knows more, and the journal keeps every one.
func scoreValue(v float32) event.Value {
	return event.NumberValue(math.Round(float64(v)*1e4) / 1e4)
}
