package metrics

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func gather(t *testing.T, registry *prometheus.Registry, name string) *dto.MetricFamily {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func TestLatenciesAreClassicAndNativeHistograms(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := New(registry)
	m.Route("/score").Done(200, 3*time.Millisecond)
	h := gather(t, registry, "halfstep_http_request_seconds").GetMetric()[0].GetHistogram()
	var bounds []float64
	for _, b := range h.GetBucket() {
		bounds = append(bounds, b.GetUpperBound())
	}
	for _, want := range []float64{.001, .002, .005, .010, .025, .050} {
		if !slices.Contains(bounds, want) {
			t.Errorf("there is no bound at %v s", want)
		}
	}
	if h.Schema == nil || len(h.GetPositiveSpan()) == 0 {
		t.Error("the histogram is not a native one")
	}
}

func TestAnswersAreCountedByClass(t *testing.T) {
	registry := prometheus.NewRegistry()
	r := New(registry).Route("/score")
	for _, status := range []int{200, 204, 404, 503, 0, 999} {
		r.Done(status, time.Millisecond)
	}
	got := map[string]float64{}
	for _, metric := range gather(t, registry, "halfstep_http_requests_total").GetMetric() {
		for _, l := range metric.GetLabel() {
			if l.GetName() == "status" {
				got[l.GetValue()] = metric.GetCounter().GetValue()
			}
		}
	}
	if got["2xx"] != 2 || got["4xx"] != 1 || got["5xx"] != 1 || len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

func TestEverythingIsNamedAndExplained(t *testing.T) {
	registry := prometheus.NewRegistry()
	New(registry).Built("1", "abc", "1.31.1")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		name := f.GetName()
		if !strings.HasPrefix(name, "halfstep_") && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") || f.GetHelp() == "" {
			t.Errorf("%s: %q", name, f.GetHelp())
		}
	}
	gather(t, registry, "halfstep_build_info")
	gather(t, registry, "go_goroutines")
	gather(t, registry, "process_resident_memory_bytes")
}
