package live_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/server/live"
)

func TestConcurrentEventsOfOneCustomerAreAllCounted(t *testing.T) {
	e := newEngine(t, nil)
	var work sync.WaitGroup
	for i := range 16 {
		work.Go(func() {
			for k := range 10 {
				id := fmt.Sprintf("%d-%d", i, k)
				if i%2 == 0 {
					if done := e.ingest(events(t, id)); len(done.Failed) > 0 {
						t.Errorf("got %+v", done)
					}
				} else if a := e.score(live.Request{Customer: "c", Deadline: time.Minute, Events: events(t, id)}); len(a.Degraded) > 0 {
					t.Errorf("got %v", a.Degraded)
				}
			}
		})
	}
	work.Wait()
	if n := e.known(); n != 160 {
		t.Errorf("got %d events, expected 160", n)
	}
}

func TestAScoreIsMadeAgainWhenItsCustomerMovedOn(t *testing.T) {
	e := newEngine(t, nil)
	// Another server: within one, commits of a shard wait for each other.
	second := newEngine(t, nil)
	second.driver.Driver = e.driver.Driver
	e.driver.beforeCommit = func() { second.ingest(events(t, "between")) }
	a := e.score(live.Request{Customer: "c", Deadline: time.Minute, Events: events(t, "1")})
	if len(a.Degraded) > 0 || len(a.Predictions) != 1 {
		t.Errorf("got %v %v", a.Degraded, a.Predictions)
	}
	if n := e.known(); n != 2 {
		t.Errorf("got %d events, expected 2", n)
	}
	if e.counter("halfstep_store_conflicts_total", "") != 1 {
		t.Error("the conflict was not counted")
	}
}

func TestOneDecisionUnderOneKey(t *testing.T) {
	e := newEngine(t, nil)
	var work sync.WaitGroup
	answers := make([][]byte, 16)
	for i := range answers {
		work.Go(func() {
			a := e.score(live.Request{Customer: "c", Deadline: time.Minute, IdempotencyKey: "k", Events: events(t, fmt.Sprint(i))})
			answers[i] = a.AppendJSON(nil)
		})
	}
	work.Wait()
	for i := range answers {
		if !bytes.Equal(answers[i], answers[0]) {
			t.Errorf("got\n%s\nand\n%s", answers[0], answers[i])
		}
	}
	if n := e.known(); n != 1 {
		t.Errorf("the events of %d requests were folded, expected those of one", n)
	}
}

func TestARequestSeesOneSetOfModels(t *testing.T) {
	e := newEngine(t, nil)
	stop := make(chan struct{})
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a := e.score(live.Request{Customer: "c"}); len(a.Predictions) != 1 || len(a.Degraded) > 0 {
					t.Errorf("got %v %v", a.Predictions, a.Degraded)
					return
				}
			}
		})
	}
	for version := range 20 {
		e.use(func(b *bundletest.Bundle) { b.Version = version + 2 })
	}
	close(stop)
	work.Wait()
	if got := e.Bundles(); len(got) != 1 || got[0] != "churn@21" {
		t.Errorf("got %v", got)
	}
}

func TestTheStoreRemembersWhenFeaturesBecameActive(t *testing.T) {
	e := newEngine(t, nil)
	before, err := e.store.Meta(t.Context(), "features.active")
	if err != nil || len(before) == 0 {
		t.Fatalf("got %q, %v", before, err)
	}
	e.use(nil)
	after, err := e.store.Meta(t.Context(), "features.active")
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("serving the same features again changed %s to %s (%v)", before, after, err)
	}
	hash := features.Default().Features()[0].Hash
	if !bytes.Contains(before, fmt.Appendf(nil, "%q:%d", hash, noon.UnixMilli())) {
		t.Errorf("%s is not in %s", hash, before)
	}
}
