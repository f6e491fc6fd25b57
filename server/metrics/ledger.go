package metrics

import "github.com/prometheus/client_golang/prometheus"

// Ledger is how far the account of decisions has come, and how arms stand by it.
type Ledger struct {
	Unreadable prometheus.Counter
	Failed     prometheus.Counter
	Published  prometheus.Counter

	best       *prometheus.GaugeVec
	propensity *prometheus.GaugeVec
}

func (m *Metrics) registerLedger() {
	m.Ledger = &Ledger{
		Unreadable: m.counter("ledger_unreadable_total", "Records of the journal that could not be read for reports and learning."),
		Failed:     m.counter("ledger_failures_total", "Times that the journal could not be followed for reports and learning."),
		Published:  m.counter("tables_published_total", "Times that decisions got a new table to draw from."),
		best:       m.gaugeVec("arm_best_probability", "The probability that an arm is the best of its choice, over all segments.", "choice", "arm"),
		propensity: m.gaugeVec("arm_propensity", "The probability that an arm is drawn by somebody of a new segment.", "choice", "arm"),
	}
}

// Stands says how an arm stands.
func (l *Ledger) Stands(choice, arm string, best, propensity float64) {
	l.best.WithLabelValues(choice, arm).Set(best)
	l.propensity.WithLabelValues(choice, arm).Set(propensity)
}

// ForgetArms drops what is said of arms, because a playbook has others.
func (l *Ledger) ForgetArms() {
	l.best.Reset()
	l.propensity.Reset()
}
