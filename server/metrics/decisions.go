package metrics

import "github.com/prometheus/client_golang/prometheus"

// decisionMetrics are bounded by what a playbook may hold.
type decisionMetrics struct {
	issued, withheld, outcomes *prometheus.CounterVec
	timers                     *prometheus.CounterVec
	lateness                   prometheus.Observer
}

func (m *Metrics) registerDecisions() {
	d := &m.decisions
	d.issued = m.counterVec("actions_total", "Actions decided, by play, action and whether a holdout held them back.", "play", "action", "held")
	d.withheld = m.counterVec("actions_withheld_total", "Actions that plays proposed and that were not issued, by why.", "why")
	d.outcomes = m.counterVec("outcomes_total", "What became of actions, by play, action and variant. Each server counts all of them: take the maximum, not the sum.", "play", "action", "variant", "outcome")
	d.timers = m.counterVec("timers_total", "Timers that were due, by what became of them.", "outcome")
	d.lateness = m.histogram("timer_lateness_seconds", "From when a timer was due to when what it brought about was committed.", seconds)
}

// Issued counts an action.
func (m *Metrics) Issued(play, action string, held bool) {
	label := "false"
	if held {
		label = "true"
	}
	m.decisions.issued.WithLabelValues(play, action, label).Inc()
}

// Withheld counts an action that was not issued.
func (m *Metrics) Withheld(why string) { m.decisions.withheld.WithLabelValues(why).Inc() }

// Outcome counts what became of an action.
func (m *Metrics) Outcome(play, action, variant, outcome string) {
	m.decisions.outcomes.WithLabelValues(play, action, variant, outcome).Inc()
}

// Timer counts a due timer: fired or moot; late is how many seconds after it was due.
func (m *Metrics) Timer(outcome string, late float64) {
	m.decisions.timers.WithLabelValues(outcome).Inc()
	m.decisions.lateness.Observe(late)
}
