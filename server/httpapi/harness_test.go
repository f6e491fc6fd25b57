package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

// noon is when the tests take place.
var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// harness is an API over a store in memory, whose answers are all held to the document.
type harness struct {
	t      testing.TB
	api    *API
	log    *bytes.Buffer
	router routers.Router
}

func newHarness(t testing.TB, change func(*Options)) *harness {
	t.Helper()
	return newHarnessOn(t, memory.New(4), change)
}

func newHarnessOn(t testing.TB, driver store.Driver, change func(*Options)) *harness {
	t.Helper()
	h := &harness{t: t, log: &bytes.Buffer{}, router: documentRouter(t)}
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	registry := prometheus.NewRegistry()
	m := metrics.New(registry)
	customers := store.New(driver)
	t.Cleanup(func() {
		if err := customers.Close(); err != nil {
			t.Error(err)
		}
	})
	engine := live.New(live.Options{Store: customers, Metrics: m, Log: log, Now: func() time.Time { return noon }, Deadline: time.Second, MaxLate: 64})
	if err := engine.Use(t.Context(), live.NewServing(features.Default(), models.NewRegistry())); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Engine: engine, Metrics: m, Log: log, Scrape: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		Ready:   func(context.Context) error { return nil },
		MaxBody: event.MaxBatchBytes, MaxInFlight: 16, StoreTimeout: time.Second,
	}
	if change != nil {
		change(&o)
	}
	h.api = New(o)
	return h
}

func document(t testing.TB) *openapi3.T {
	t.Helper()
	raw, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func documentRouter(t testing.TB) routers.Router {
	t.Helper()
	router, err := legacy.NewRouter(document(t))
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("no JSON: %v: %s", err, a.body)
	}
	return v
}

// do sends a request; headers are pairs of name and value.
func (h *harness) do(method, target, body string, headers ...string) answer {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	got := answer{w.Code, w.Header(), w.Body.Bytes()}
	h.check(r, got)
	return got
}

// check holds an answer to the document. What the document does not know must be a problem.
func (h *harness) check(r *http.Request, got answer) {
	h.t.Helper()
	if got.header.Get("X-Request-Id") == "" {
		h.t.Errorf("%s %s: no X-Request-Id", r.Method, r.URL)
	}
	route, params, err := h.router.FindRoute(r)
	if err != nil {
		if got.header.Get("Content-Type") != "application/problem+json" {
			h.t.Errorf("%s %s is not in the document: %v", r.Method, r.URL, err)
		}
		return
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 got.status, Header: got.header, Body: io.NopCloser(bytes.NewReader(got.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(h.t.Context(), in); err != nil {
		h.t.Errorf("%s %s: the answer is not as the document says: %v\n%s", r.Method, r.URL, err, got.body)
	}
}

func init() {
	decode := openapi3filter.JSONBodyDecoder
	openapi3filter.RegisterBodyDecoder("application/problem+json", decode)
}
