package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/server/live"
)

func TestAScoreIsAlwaysGiven(t *testing.T) {
	var e *engine
	for _, c := range []struct {
		name   string
		spoil  func()
		events bool
		want   []string
		base   bool // the score is the base rate
	}{
		{"nothing is wrong", func() {}, true, nil, false},
		{"the store refuses", func() { e.driver.loadErr = errors.New("refused") }, false, []string{live.StoreUnavailable, live.FeaturesDefault}, false},
		{"the store hangs", func() { e.driver.hang = make(chan struct{}) }, false, []string{live.StoreTimeout, live.FeaturesDefault}, false},
		{"the store hangs, with events", func() { e.driver.hang = make(chan struct{}) }, true,
			[]string{live.StoreTimeout, live.FeaturesDefault, live.EventsNotStored}, false},
		{"the state is damaged", func() { e.driver.corrupt = true }, false, []string{live.StateUnreadable, live.FeaturesDefault}, false},
		{"the commit fails", func() { e.driver.commitErr = errors.New("broken pipe") }, true, []string{live.EventsNotStored}, false},
		{"no core is free", func() {
			if err := e.runtime.Acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(e.runtime.Release)
		}, false, []string{live.ModelTimeout}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e = newEngine(t, nil)
			e.ingest(events(t, "0"))
			e.driver.change(c.spoil)
			if hang := e.driver.hang; hang != nil {
				defer close(hang)
			}
			r := live.Request{Customer: "c", Deadline: 200 * time.Millisecond}
			if c.events {
				r.Events = events(t, "1")
			}
			start := time.Now()
			a := e.score(r)
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %v with a deadline of 200ms", took)
			}
			if !slices.Equal(a.Degraded, c.want) {
				t.Errorf("got %v, expected %v", a.Degraded, c.want)
			}
			if len(a.Predictions) != 1 || (a.Predictions[0].Score == 0.21) != c.base {
				t.Errorf("got %+v", a.Predictions)
			}
			if !json.Valid(a.AppendJSON(nil)) {
				t.Errorf("no JSON: %s", a.AppendJSON(nil))
			}
			for _, cause := range c.want {
				if e.counter("halfstep_degraded_total", cause) != 1 {
					t.Errorf("%s was not counted", cause)
				}
			}
		})
	}
}

func TestAModelThatFailsGivesItsBaseRate(t *testing.T) {
	e := newEngine(t, func(b *bundletest.Bundle) {
		*b = bundletest.Plain("nan") // a logarithm, of features that are missing
		b.Golden.Rows[0] = []bundle.Number{2, 2, 2, 2}
		b.Golden.Scores[0][0] = 0.6931472
	})
	a := e.score(live.Request{Customer: "c"})
	if !slices.Equal(a.Degraded, []string{"model_error:churn"}) || a.Predictions[0].Score != 0.21 {
		t.Errorf("got %v %+v", a.Degraded, a.Predictions)
	}
	if e.counter("halfstep_degraded_total", "model_error") != 1 {
		t.Error("model_error was not counted")
	}
}

func TestALateCommandIsFinished(t *testing.T) {
	e := newEngine(t, nil)
	committing, goOn := make(chan struct{}), make(chan struct{})
	e.driver.beforeCommit = func() { close(committing); <-goOn }
	a := e.score(live.Request{Customer: "c", Deadline: 300 * time.Millisecond, Events: events(t, "1")})
	<-committing
	close(goOn)
	if !slices.Equal(a.Degraded, []string{live.EventsNotStored}) {
		t.Errorf("got %v", a.Degraded)
	}
	// The event is sent again, as it should be: by now, or soon, it is a duplicate.
	if done := e.ingest(events(t, "1")); len(done.Failed) > 0 {
		t.Fatalf("got %+v", done)
	}
	if n := e.known(); n != 1 {
		t.Errorf("got %d events, expected 1", n)
	}
}

func TestAHangingStoreDoesNotPileUpCommands(t *testing.T) {
	e := newEngine(t, nil)
	hang := make(chan struct{})
	e.driver.change(func() { e.driver.hang = hang })
	for i := range maxLate + 10 {
		a := e.score(live.Request{Customer: "c", Deadline: 2 * time.Millisecond})
		want := live.StoreTimeout
		if i >= maxLate {
			want = live.StoreUnavailable
		}
		if a.Degraded[0] != want {
			t.Errorf("score %d: got %v, expected %s", i, a.Degraded, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := e.Wait(ctx); err == nil {
		t.Error("Wait returned while commands were under way")
	}
	close(hang)
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestIngestSaysWhatFailed(t *testing.T) {
	e := newEngine(t, nil)
	e.driver.change(func() { e.driver.commitErr = errors.New("broken pipe") })
	batch := append(events(t, "1", "2"), events(t, "3")...)
	batch[1].CustomerID = "d"
	done := e.ingest(batch)
	if !slices.Equal(done.Failed, []int{0, 1, 2}) || done.Accepted != 0 || done.Err == nil {
		t.Errorf("got %+v", done)
	}
	e.driver.change(func() { e.driver.commitErr = nil })
	if done = e.ingest(batch); len(done.Failed) > 0 || done.Accepted != 3 {
		t.Errorf("sent again, got %+v", done)
	}
	e.lint()
}
