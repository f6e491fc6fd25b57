package cases

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/models/ort"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/trial"
)

// tick is how often timers are looked at while a case waits.
const tick = time.Minute

var runtime = sync.OnceValues(func() (*ort.Runtime, error) { return ort.Start(ort.Options{Parallel: 1}) })

// teller tells one story in one language to an engine of its own.
type teller struct {
	*live.Engine
	t        *testing.T
	story    *story
	language string
	start    time.Time
	now      time.Time
	events   int
	records  int               // of the journal, that were looked at
	ids      map[string]string // of the newest action of each name
	plays    []string          // that issued anything
}

// happened is an action as the engine gives it out.
type happened struct {
	ID      string
	Action  string
	Play    string
	Channel string
	Pending bool
	Why     string
	By      string
	Content map[string]any
}

func newTeller(t *testing.T, s *story, language string) *teller {
	t.Helper()
	set := features.Default()
	book := preset(t, s.Preset, language)
	held := trial.Place(book.Holdout.Salt, s.Customer.ID) < book.Holdout.Share
	require.Equal(t, s.Customer.Held, held, "whether customer %s is in the holdout of %s; another id is in another place", s.Customer.ID, s.Preset)
	a := &teller{t: t, story: s, language: language, ids: map[string]string{}}
	var err error
	a.start, err = time.ParseInLocation("2006-01-02 15:04", s.Starts, book.Timezone)
	require.NoError(t, err, "starts")
	a.now = a.start
	a.Engine = live.New(live.Options{
		Store: store.New(memory.New(1)), Metrics: metrics.New(prometheus.NewRegistry()), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func() time.Time { return a.now }, Deadline: 5 * time.Second, MaxLate: 16,
	})
	serving := live.NewServing(set, a.models(set))
	serving.Play(book)
	require.NoError(t, a.Use(t.Context(), serving))
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

// models say of everybody what the case pins; tasks that it does not pin have none.
func (a *teller) models(set *features.FeatureSet) *models.Registry {
	a.t.Helper()
	started, err := runtime()
	require.NoError(a.t, err)
	registry := models.NewRegistry()
	for task, score := range a.story.Predictions {
		b := bundletest.Constant(task, score)
		for i := range b.Inputs {
			b.Inputs[i].Hash, _ = set.Lookup(b.Inputs[i].Name)
		}
		m, err := models.Load(a.t.Context(), b.Files(), set, started)
		require.NoError(a.t, err, "predictions: %s", task)
		require.NoError(a.t, registry.Swap(m))
	}
	return registry
}

// event is a happening at a moment, as it would come in.
func (a *teller) event(h *Happening, at time.Time) event.Event {
	a.t.Helper()
	a.events++
	type raw struct {
		ID         string          `json:"id"`
		Type       string          `json:"type"`
		Event      string          `json:"event,omitempty"`
		CustomerID string          `json:"customer_id"`
		Channel    string          `json:"channel,omitempty"`
		At         time.Time       `json:"at"`
		Received   time.Time       `json:"received_at"`
		Properties json.RawMessage `json:"properties"`
		Context    json.RawMessage `json:"context"`
		Traits     json.RawMessage `json:"traits,omitempty"`
		Enriched   json.RawMessage `json:"enriched"`
	}
	r := raw{
		ID: fmt.Sprintf("e%d", a.events), Type: event.Track, Event: h.Event, CustomerID: a.story.Customer.ID, Channel: h.Channel, At: at, Received: at,
		Properties: object(h.Properties, a.language), Context: object(h.Context, a.language), Enriched: object(h.Enriched, a.language),
	}
	if h.Event == event.Identified {
		r.Type, r.Event, r.Traits = event.Identify, "", object(h.Traits, a.language)
	}
	data, err := json.Marshal(r)
	require.NoError(a.t, err)
	e, err := event.Decode(data, event.Origin{History: true})
	require.NoError(a.t, err, "%s", data)
	return e
}

// remember imports what happened before, the oldest first. Traits are known since long ago, so that they count in no window.
func (a *teller) remember() {
	a.t.Helper()
	var all []event.Event
	if len(a.story.Customer.Traits) > 0 {
		who := Happening{Event: event.Identified, Traits: a.story.Customer.Traits}
		all = append(all, a.event(&who, a.start.Add(-400*24*time.Hour)))
	}
	for i := range a.story.History {
		p := &a.story.History[i]
		for n := range max(p.Times, 1) {
			all = append(all, a.event(&p.Happening, a.start.Add(-time.Duration(p.Ago)+time.Duration(n)*time.Duration(p.Every))))
		}
	}
	slices.SortStableFunc(all, func(x, y event.Event) int { return int(x.At - y.At) })
	if len(all) > 0 {
		in := a.Import(a.t.Context(), all)
		require.NoError(a.t, in.Err)
		require.Equal(a.t, len(all), in.Accepted, "events of the history that were taken in")
	}
}

// wait lets time pass, and fires what falls due when it does.
func (a *teller) wait(until time.Time) {
	a.t.Helper()
	for a.now.Before(until) {
		a.now = a.now.Add(tick)
		if a.now.After(until) {
			a.now = until
		}
		_, err := a.FireDue(a.t.Context(), 0)
		require.NoError(a.t, err)
	}
}

// decided is what was decided since it was last asked, when nobody had asked.
func (a *teller) decided() (all []happened) {
	a.t.Helper()
	records, err := a.Recent(a.t.Context(), a.story.Customer.ID, 1<<20)
	require.NoError(a.t, err)
	for _, r := range records[a.records:] {
		if r.Kind != store.RecordDecision {
			continue
		}
		var decision struct{ Actions []happened }
		require.NoError(a.t, json.Unmarshal(r.Data, &decision))
		all = append(all, decision.Actions...)
	}
	a.records = len(records)
	return all
}
