// Package metrics is what the server counts and measures. Every label has a bounded set of values, and none says anything of a
// customer. What the request path needs is resolved beforehand: observing costs no look-up there.
package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// seconds are the bounds of the classic histograms. Next to them every histogram is a native one.
var seconds = []float64{.0001, .00025, .0005, .001, .002, .005, .010, .025, .050, .1, .25, .5, 1, 2.5, 5}

// Metrics is every metric of one server.
type Metrics struct {
	registry prometheus.Registerer
	build    *prometheus.GaugeVec

	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	degraded *prometheus.CounterVec
	scores   *prometheus.HistogramVec

	InFlight prometheus.Gauge
	Shed     prometheus.Counter

	// The stages of a request; Text is one message.
	Load, Text, Vector, Model, Commit prometheus.Observer

	// What became of handing a message to a text model.
	TextRead, TextLate, TextFailed prometheus.Counter

	// Freshness is the age of a known customer's newest event when they are scored.
	Freshness prometheus.Observer

	Accepted, Duplicates, TooOld, Clamped, Rejected, NotStored prometheus.Counter

	Conflicts prometheus.Counter
	Late      prometheus.Gauge

	flush       flushMetrics
	reloads     *prometheus.CounterVec
	playbooks   *prometheus.CounterVec
	playbook    *prometheus.GaugeVec
	trimFailed  prometheus.Counter
	trimmed     prometheus.Counter
	trimmedLast prometheus.Gauge

	archived, archiveFailed prometheus.Counter
	archivedLast            prometheus.Gauge

	Delivery *Delivery
	Ledger   *Ledger

	decisions decisionMetrics
}

// Built says what is running.
func (m *Metrics) Built(version, revision, ort string) {
	m.build.WithLabelValues(version, revision, runtime.Version(), ort).Set(1)
}

// New registers the metrics.
func New(registry prometheus.Registerer) *Metrics {
	m := &Metrics{registry: registry}
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.build = m.gaugeVec("build_info", "What is running; always 1.", "version", "revision", "go", "onnxruntime")
	m.requestMetrics()
	m.eventMetrics()
	m.storeMetrics()
	m.deliveryMetrics()
	m.registerDecisions()
	m.registerLedger()
	m.reloads = m.counterVec("reloads_total", "Times the features and bundles were read again.", "result")
	m.playbooks = m.counterVec("playbooks_total", "Times another playbook was to serve; failed left the old one serving.", "result")
	m.playbook = m.gaugeVec("playbook_info", "The playbook that serves; always 1.", "revision")
	return m
}

func (m *Metrics) requestMetrics() {
	m.requests = m.counterVec("http_requests_total", "Requests answered, by route and class of status.", "route", "status")
	m.duration = m.histogramVec("http_request_seconds", "From the request's header to the end of its answer.", seconds, "route")
	m.InFlight = m.gauge("http_requests_in_flight", "Requests under way.")
	m.Shed = m.counter("http_requests_shed_total", "Requests turned away because too many were under way.")
	m.degraded = m.counterVec("degraded_total", "Scores that had to do without something, by what.", "cause")
	m.scores = m.histogramVec("score", "Scores given, by bundle.",
		[]float64{.05, .1, .15, .2, .25, .3, .35, .4, .45, .5, .55, .6, .65, .7, .75, .8, .85, .9, .95, 1}, "bundle")
	m.Freshness = m.histogram("freshness_seconds", "Age of a known customer's newest event when scored.",
		[]float64{.1, 1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400})
	stages := m.histogramVec("stage_seconds", "Time in the stages of a request.", seconds, "stage")
	m.Text = stages.WithLabelValues("text")
	m.Load, m.Vector = stages.WithLabelValues("load"), stages.WithLabelValues("vector")
	m.Model, m.Commit = stages.WithLabelValues("model"), stages.WithLabelValues("commit")
}

func (m *Metrics) eventMetrics() {
	events := m.counterVec("events_total", "Events received, by what became of them.", "outcome")
	m.Accepted, m.Duplicates = events.WithLabelValues("accepted"), events.WithLabelValues("duplicate")
	m.TooOld, m.Rejected = events.WithLabelValues("too_old"), events.WithLabelValues("rejected")
	m.NotStored = events.WithLabelValues("not_stored")
	texts := m.counterVec("texts_read_total", "Messages handed to a text model, by what became of it.", "outcome")
	m.TextRead, m.TextLate, m.TextFailed = texts.WithLabelValues("read"), texts.WithLabelValues("late"), texts.WithLabelValues("failed")
	m.Clamped = m.counter("events_clamped_total", "Events whose clock ran ahead and was cut.")
}

// Route is the metrics of one route.
type Route struct {
	status   [6]prometheus.Counter // by class; nil for those that are never answered
	duration prometheus.Observer
}

// Route resolves the metrics of a route, as in "/customers/:id".
func (m *Metrics) Route(name string) *Route {
	r := &Route{duration: m.duration.WithLabelValues(name)}
	for class, label := range map[int]string{2: "2xx", 4: "4xx", 5: "5xx"} {
		r.status[class] = m.requests.WithLabelValues(name, label)
	}
	return r
}

// Done counts an answered request.
func (r *Route) Done(status int, took time.Duration) {
	if class := status / 100; class < len(r.status) && r.status[class] != nil {
		r.status[class].Inc()
	}
	r.duration.Observe(took.Seconds())
}

// Scores resolves the histogram of a bundle's scores, as in "churn@3".
func (m *Metrics) Scores(bundle string) prometheus.Observer { return m.scores.WithLabelValues(bundle) }

// ForgetScores drops the histogram of a bundle that serves no more.
func (m *Metrics) ForgetScores(bundle string) { m.scores.DeleteLabelValues(bundle) }

// Degraded counts a cause. It is off the ordinary path, so it may look up.
func (m *Metrics) Degraded(cause string) { m.degraded.WithLabelValues(cause).Inc() }

// Reloaded counts a reload.
func (m *Metrics) Reloaded(err error) { m.reloads.WithLabelValues(result(err)).Inc() }

// PlaybookServes counts a playbook that came to serve.
func (m *Metrics) PlaybookServes(revision string) {
	m.playbooks.WithLabelValues(result(nil)).Inc()
	m.playbook.Reset()
	m.playbook.WithLabelValues(revision).Set(1)
}

// PlaybookFailed counts a playbook that could not come to serve.
func (m *Metrics) PlaybookFailed(err error) { m.playbooks.WithLabelValues(result(err)).Inc() }

func result(err error) string {
	if err != nil {
		return "failed"
	}
	return "ok"
}
