package metrics

import "github.com/prometheus/client_golang/prometheus"

// Delivery is what becomes of proactive actions on their way out.
type Delivery struct {
	Streams    prometheus.Gauge
	Streamed   prometheus.Counter
	TailFailed prometheus.Counter
	Unreadable prometheus.Counter
	Held       prometheus.Gauge

	ended    *prometheus.CounterVec
	webhooks *prometheus.CounterVec
	delay    *prometheus.HistogramVec
}

func (m *Metrics) deliveryMetrics() {
	m.Delivery = &Delivery{
		Streams:    m.gauge("streams", "Clients of the stream of actions."),
		Streamed:   m.counter("stream_messages_total", "Actions handed to clients of the stream."),
		TailFailed: m.counter("journal_follow_failures_total", "Times that the journal could not be followed for delivery."),
		Unreadable: m.counter("delivery_unreadable_total", "Decisions in the journal that could not be read for delivery."),
		Held:       m.gauge("webhook_shards", "Shards of the journal whose actions this server sends to webhooks."),
		ended:      m.counterVec("streams_ended_total", "Streams of actions that the server ended, by why.", "reason"),
		webhooks:   m.counterVec("webhook_messages_total", "Messages to webhooks, by what became of them; retried counts attempts.", "webhook", "outcome"),
		delay:      m.histogramVec("webhook_delay_seconds", "From a decision to the acceptance of its action by a webhook.", delays, "webhook"),
	}
}

// delays are the bounds of the time that a message is under way, retries and all.
var delays = []float64{.01, .05, .1, .5, 1, 5, 10, 60, 300, 1800, 3600}

// StreamEnded counts a stream that the server ended.
func (d *Delivery) StreamEnded(reason string) { d.ended.WithLabelValues(reason).Inc() }

// Webhook is the metrics of one webhook.
type Webhook struct {
	Delivered, Retried, Dead prometheus.Counter
	Delay                    prometheus.Observer
}

// Webhook resolves the metrics of a webhook by its configured name.
func (d *Delivery) Webhook(name string) *Webhook {
	return &Webhook{
		Delivered: d.webhooks.WithLabelValues(name, "delivered"),
		Retried:   d.webhooks.WithLabelValues(name, "retried"),
		Dead:      d.webhooks.WithLabelValues(name, "dead"),
		Delay:     d.delay.WithLabelValues(name),
	}
}
