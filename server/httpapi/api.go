// Package httpapi is the server's HTTP side: routes, keys, limits, bodies in and out. openapi.yaml beside this file describes it, and a
// test holds the two to each other.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

// Options are what an API works with.
type Options struct {
	Engine  *live.Engine
	Metrics *metrics.Metrics
	Log     *slog.Logger
	// Deliveries answers /actions/stream and /deliveries.
	Deliveries Deliveries
	// Playbooks answers /playbook.
	Playbooks Playbooks
	// Pasts answers /decisions/{id}/why.
	Pasts Pasts
	// Reports answers /reports/actions.
	Reports Reports
	// Scrape answers /metrics.
	Scrape http.Handler
	// Ready says why the server cannot answer; nil: it can.
	Ready   func(context.Context) error
	Version Version
	Keys    []config.Key

	MaxBody      int
	MaxInFlight  int
	StoreTimeout time.Duration // of everything but a score
}

// API answers HTTP requests.
type API struct {
	engine       *live.Engine
	metrics      *metrics.Metrics
	log          *slog.Logger
	scrape       http.Handler
	ready        func(context.Context) error
	version      Version
	keys         []config.Key
	maxBody      int
	maxInFlight  int64
	storeTimeout time.Duration
	deliveries   Deliveries
	reports      Reports
	playbooks    Playbooks
	pasts        Pasts
	heartbeat    time.Duration // between signs of life of a stream

	router   *gin.Engine
	inFlight atomic.Int64
	calls    sync.Pool // of *call
}

// New returns an API, which is an http.Handler.
func New(o Options) *API {
	a := &API{
		engine: o.Engine, metrics: o.Metrics, log: o.Log, scrape: o.Scrape, ready: o.Ready, version: o.Version, keys: o.Keys,
		maxBody: o.MaxBody, maxInFlight: int64(o.MaxInFlight), storeTimeout: o.StoreTimeout,
		deliveries: o.Deliveries, reports: o.Reports, playbooks: o.Playbooks, pasts: o.Pasts, heartbeat: heartbeat,
	}
	a.calls.New = func() any {
		return &call{json: newBody(), requests: make([]live.Request, 1), answers: make([]live.Answer, 1)}
	}
	gin.SetMode(gin.ReleaseMode)
	a.router = gin.New()
	a.router.HandleMethodNotAllowed = true
	a.router.RedirectTrailingSlash = false
	a.router.UseRawPath = true // an id may hold a slash, escaped
	a.router.UnescapePathValues = true
	_ = a.router.SetTrustedProxies(nil) // nil is always valid
	for _, r := range a.routes() {
		a.router.Handle(r.method, r.path, a.handler(r))
	}
	a.router.NoRoute(a.handler(route{path: "none", free: true, answer: func(*call) error {
		return &problem{kind: notFound, detail: "no route of this path"}
	}}))
	a.router.NoMethod(a.handler(route{path: "none", free: true, answer: func(*call) error {
		return &problem{kind: notAllowed, detail: "the path has no such method"}
	}}))
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

// route is one way into the server.
type route struct {
	method, path string
	role         config.Role
	free         bool // not counted against the limit of requests under way
	answer       func(*call) error
}

// routes is all of them.
func (a *API) routes() []route {
	return []route{
		{method: "POST", path: "/events", role: config.Track, answer: a.postEvents},
		{method: "POST", path: "/score", role: config.Score, answer: a.postScore},
		{method: "POST", path: "/score/batch", role: config.Score, answer: a.postScoreBatch},
		{method: "POST", path: "/outcomes", role: config.Track, answer: a.postOutcome},
		{method: "GET", path: "/customers/:id", role: config.Score, answer: a.getCustomer},
		{method: "DELETE", path: "/customers/:id", role: config.Admin, answer: a.deleteCustomer},
		{method: "GET", path: "/decisions/:id", role: config.Score, answer: a.getDecision},
		{method: "GET", path: "/decisions/:id/why", role: config.Score, answer: a.getWhy},
		// A stream lasts: the number of streams has a bound of its own.
		{method: "GET", path: "/actions/stream", role: config.Score, free: true, answer: a.getActionStream},
		{method: "GET", path: "/reports/actions", role: config.Score, answer: a.getActionReport},
		{method: "GET", path: "/deliveries/dead", role: config.Admin, answer: a.getDead},
		{method: "GET", path: "/playbook", role: config.Score, answer: a.getPlaybook},
		{method: "PUT", path: "/playbook", role: config.Admin, answer: a.putPlaybook},
		{method: "POST", path: "/playbook/check", role: config.Admin, answer: a.postPlaybookCheck},
		{method: "GET", path: "/healthz", free: true, answer: a.getHealth},
		{method: "GET", path: "/readyz", free: true, answer: a.getReady},
		{method: "GET", path: "/metrics", free: true, answer: a.getMetrics},
		{method: "GET", path: "/version", free: true, answer: a.getVersion},
		{method: "GET", path: "/openapi.json", free: true, answer: a.getOpenAPI},
	}
}
