package bulk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
)

// writeEvents makes a file of n events without ids.
func writeEvents(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"event":"A","customer_id":"c%d","at":"2026-01-31T08:00:00Z"}`+"\n", i)
	}
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *source.Source {
	t.Helper()
	files, err := source.Open([]string{path}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// target remembers what it was sent, and fails at a batch.
type target struct {
	customers []string
	ids       []string
	batches   int
	failAt    int
}

func (tg *target) Send(_ context.Context, events []event.Event) (Result, error) {
	if tg.batches++; tg.batches == tg.failAt {
		return Result{}, errors.New("no more")
	}
	for i := range events {
		tg.customers = append(tg.customers, events[i].CustomerID)
		tg.ids = append(tg.ids, events[i].ID)
	}
	return Result{Accepted: len(events)}, nil
}

func TestGoesOnWhereItWasBrokenOff(t *testing.T) {
	path, folder := writeEvents(t, 1800), t.TempDir()
	checkpoint := func() *Checkpoint {
		c, err := OpenCheckpoint(folder, "here", "", []string{path})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	tg := &target{failAt: 3}
	if _, err := Run(t.Context(), open(t, path), tg, checkpoint()); err == nil || !strings.Contains(err.Error(), "1000 rows were stored") {
		t.Fatalf("got %v", err)
	}
	tg.failAt = 0
	if got := checkpoint().Rows; got != 1000 {
		t.Errorf("the checkpoint has %d rows, expected 1000", got)
	}
	total, err := Run(t.Context(), open(t, path), tg, checkpoint())
	if err != nil || total.Accepted != 800 {
		t.Errorf("got %+v, %v", total, err)
	}
	want := make([]string, 1800)
	for i := range want {
		want[i] = fmt.Sprintf("c%d", i)
	}
	if !slices.Equal(tg.customers, want) {
		t.Errorf("got %d events, expected 1800, in order, each once", len(tg.customers))
	}
	if slices.Sort(tg.ids); len(slices.Compact(tg.ids)) != 1800 {
		t.Error("events share ids")
	}
	if got := checkpoint().Rows; got != 0 {
		t.Errorf("after the end the checkpoint has %d rows, expected none", got)
	}
}

func TestACheckpointBelongsToItsTargetAndFiles(t *testing.T) {
	path, folder := writeEvents(t, 1), t.TempDir()
	ids := map[string]bool{}
	for _, target := range []string{"here", "there"} {
		for _, mapping := range []string{"", "ga4"} {
			c, err := OpenCheckpoint(folder, target, mapping, []string{path})
			if err != nil {
				t.Fatal(err)
			}
			ids[c.id] = true
		}
	}
	if len(ids) != 4 {
		t.Errorf("got %d checkpoints, expected 4", len(ids))
	}
}

func TestSendsAgainWhatAServerCannotTake(t *testing.T) {
	times := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if times++; times < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"title":"Too many requests at once"}`)
			return
		}
		if r.Header.Get("Authorization") != "Bearer k" || r.URL.Query().Get("history") != "true" {
			t.Errorf("got %s with %q", r.URL, r.Header.Get("Authorization"))
		}
		fmt.Fprint(w, `{"accepted":1,"duplicates":0,"rejected":[]}`)
	}))
	defer server.Close()
	s, err := NewServer(server.URL, "k")
	if err != nil {
		t.Fatal(err)
	}
	s.retry = time.Microsecond
	if got, err := s.Send(t.Context(), make([]event.Event, 1)); err != nil || got.Accepted != 1 || times != 3 {
		t.Errorf("got %+v, %v after %d times", got, err, times)
	}
}

func TestSaysWhyAServerRefuses(t *testing.T) {
	times := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		times++
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"title":"The API key may not do this","detail":"the role does not reach"}`)
	}))
	defer server.Close()
	s, err := NewServer(server.URL, "k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), make([]event.Event, 1)); err == nil || !strings.Contains(err.Error(), "403") || !strings.Contains(err.Error(), "the role") || times != 1 {
		t.Errorf("got %v after %d times", err, times)
	}
	if _, err := NewServer("localhost:8080", ""); err == nil || !strings.Contains(err.Error(), "http://") {
		t.Errorf("got %v", err)
	}
}
