package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/live"
)

// counting counts how often the journal is read.
type counting struct {
	store.Driver
	reads atomic.Int64
}

func (c *counting) ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error) {
	c.reads.Add(1)
	return c.Driver.ReadJournal(ctx, shard, after, limit)
}

// decisionOf returns what Decision says of an id.
func (e *engine) decisionOf(id string) (record []byte, found bool) {
	e.t.Helper()
	record, found, err := e.Decision(e.t.Context(), id)
	if err != nil {
		e.t.Fatalf("decision %q: %v", id, err)
	}
	return record, found
}

func TestADecisionIsFoundWhereItsCommitIs(t *testing.T) {
	e := newEngine(t, nil)
	c := &counting{Driver: e.driver.Driver}
	e.driver.Driver = c
	var ids []string
	for i := range 40 { // events before each decision, so that one page does not hold them all
		a := e.score(live.Request{
			Customer: fmt.Sprint("c", i%3), Deadline: time.Minute, IdempotencyKey: fmt.Sprint(i), Events: events(t, fmt.Sprint(i), fmt.Sprint(i, "b")),
		})
		ids = append(ids, a.DecisionID)
	}
	for i, id := range ids {
		before := c.reads.Load()
		record, found := e.decisionOf(id)
		var says struct {
			ID       string `json:"decision_id"`
			Customer string `json:"customer_id"`
		}
		if err := json.Unmarshal(record, &says); err != nil || !found || says.ID != id || says.Customer != fmt.Sprint("c", i%3) {
			t.Errorf("decision %s is %s, %v", id, record, found)
		}
		a := e.score(live.Request{Customer: fmt.Sprint("c", i%3), Deadline: time.Minute, IdempotencyKey: fmt.Sprint(i)})
		var again struct {
			ID string `json:"decision_id"`
		}
		if err := json.Unmarshal(a.Replayed, &again); err != nil || again.ID != id {
			t.Errorf("key %d gives %s again, expected decision %s", i, a.Replayed, id)
		}
		if reads := c.reads.Load() - before; reads != 2 {
			t.Errorf("the journal was read %d times to find a decision by its id and by its key, expected once each", reads)
		}
	}
}

func TestADecisionOfACommitOfManyEvents(t *testing.T) {
	e := newEngine(t, nil)
	var names []string
	for i := range 150 {
		names = append(names, fmt.Sprint(i))
	}
	a := e.score(live.Request{Customer: "c", Deadline: time.Minute, IdempotencyKey: "k", Events: events(t, names...)})
	if record, found := e.decisionOf(a.DecisionID); !found {
		t.Errorf("got %s", record)
	}
}

func TestDecisionsThatAreNot(t *testing.T) {
	e := newEngine(t, nil)
	var ids []string
	for i := range 20 {
		a := e.score(live.Request{Customer: "c", Deadline: time.Minute, IdempotencyKey: fmt.Sprint(i), Events: events(t, fmt.Sprint(i))})
		ids = append(ids, a.DecisionID)
	}
	never := ids[0][:len(ids[0])-1] + "~"
	unused := ids[0][:5] + "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	for _, id := range []string{"", "-", "c", never, unused, "ffff" + ids[0][4:], "+001" + ids[0][4:], ids[0][:4], ids[0] + "0"} {
		if record, found := e.decisionOf(id); found || record != nil {
			t.Errorf("decision %q is %s", id, record)
		}
	}
	shard := store.ShardOf("c", e.store.Shards())
	if _, err := e.store.TrimJournal(t.Context(), shard, 2, ""); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if record, found := e.decisionOf(id); found != (i == len(ids)-1) {
			t.Errorf("with the journal trimmed, decision %d of %d is %q", i+1, len(ids), record)
		}
	}
	// A scrub takes the records and leaves the links.
	if _, err := e.store.Scrub(t.Context(), "c", 20); err != nil {
		t.Fatal(err)
	}
	e.ingest(events(t, "later"))
	if record, found := e.decisionOf(ids[19]); found {
		t.Errorf("with its record scrubbed, a decision is %s", record)
	}
	a := e.score(live.Request{Customer: "c", Deadline: time.Minute, IdempotencyKey: "19"})
	if a.Replayed != nil || !slices.Contains(a.Degraded, live.DecisionNotKept) {
		t.Errorf("a key whose decision is forgotten gives %s, degraded %v; expected that it is not kept", a.Replayed, a.Degraded)
	}
}
