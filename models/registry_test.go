package models_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundletest"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// version loads the test model under a version; the registry closes it.
func version(t *testing.T, task string, n int) *models.Model {
	t.Helper()
	b := bundletest.Plain("plain")
	b.Name, b.Task, b.Version = task, task, n
	m, err := models.Load(t.Context(), b.Files(), bundletest.Features(b.Inputs), start(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// predict fails with ort.ErrClosed once the model's session is closed.
func predict(t *testing.T, m *models.Model) error {
	return models.Predict(t.Context(), nil, []*models.Model{m}, make([]float32, 4))[0].Err
}

func serving(s *models.Snapshot) string {
	var ids []string
	for _, m := range s.Models() {
		ids = append(ids, m.ID())
	}
	return strings.Join(ids, " ")
}

func TestSwapReplacesWhatServesTheTask(t *testing.T) {
	r := models.NewRegistry()
	if err := r.Swap(version(t, "mood", 1), version(t, "churn", 1)); err != nil {
		t.Fatal(err)
	}
	before := r.Snapshot()
	if err := r.Swap(version(t, "churn", 2)); err != nil {
		t.Fatal(err)
	}
	after := r.Snapshot()
	if serving(before) != "churn@1 mood@1" || serving(after) != "churn@2 mood@1" {
		t.Fatalf("before the swap %q, after %q", serving(before), serving(after))
	}
	if _, ok := after.Model("weather"); ok {
		t.Error("a model serves a task that nobody loaded")
	}

	churn1, _ := before.Model("churn")
	mood, _ := after.Model("mood")
	if err := predict(t, churn1); err != nil {
		t.Fatalf("a request lost its model in a swap: %v", err)
	}
	if err := before.Release(); err != nil {
		t.Fatal(err)
	}
	if err := predict(t, churn1); !errors.Is(err, ort.ErrClosed) {
		t.Fatalf("got %v, expected the replaced model to be closed with the last request that saw it", err)
	}
	if err := predict(t, mood); err != nil {
		t.Fatalf("a model that stays was closed: %v", err)
	}

	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := predict(t, mood); err != nil {
		t.Fatalf("closing the registry took a model from a request: %v", err)
	}
	after.Release()
	if err := predict(t, mood); !errors.Is(err, ort.ErrClosed) {
		t.Fatalf("got %v, expected everything to be closed", err)
	}
}

func TestSwapRefusesTwoModelsForATask(t *testing.T) {
	r := models.NewRegistry()
	defer r.Close()
	a, b := version(t, "churn", 1), version(t, "churn", 2)
	defer a.Close()
	defer b.Close()
	if err := r.Swap(a, b); err == nil || !strings.Contains(err.Error(), "churn@1 and churn@2") {
		t.Fatalf("got %v", err)
	}
	s := r.Snapshot()
	defer s.Release()
	if serving(s) != "" {
		t.Fatalf("a refused swap left %q serving", serving(s))
	}
}

func TestSwapWhileRequestsRun(t *testing.T) {
	r := models.NewRegistry()
	if err := r.Swap(version(t, "churn", 1)); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := r.Snapshot()
				m, ok := s.Model("churn")
				if !ok {
					t.Error("no model serves churn in the middle of a swap")
				} else if err := predict(t, m); err != nil {
					t.Errorf("%s failed under a request: %v", m.ID(), err)
				}
				if err := s.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := 2; n < 16; n++ {
		if err := r.Swap(version(t, "churn", n)); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wait.Wait()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}
