package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/halfstep-ml/halfstep/features/store"
)

// flushMetrics is what the store's group commit did.
type flushMetrics struct {
	duration prometheus.Observer
	changes  prometheus.Observer
	failed   prometheus.Counter
}

func (m *Metrics) storeMetrics() {
	m.Conflicts = m.counter("store_conflicts_total", "Changes that were made again because their customer had moved on.")
	m.Late = m.gauge("store_late_commands", "Commands of the store that nobody waits for any more.")
	m.flush = flushMetrics{
		duration: m.histogram("store_flush_seconds", "Time of one commit of the store, with all that travelled in it.", seconds),
		changes:  m.histogram("store_flush_changes", "Changes that travelled in one commit of the store.", prometheus.ExponentialBuckets(1, 2, 10)),
		failed:   m.counter("store_flush_failures_total", "Commits of the store of which it is not known what was applied."),
	}
	m.archived = m.counter("journal_archived_total", "Journal records copied into the archive.")
	m.archiveFailed = m.counter("journal_archive_failures_total", "Times that the journal could not be archived.")
	m.archivedLast = m.gauge("journal_archived_timestamp_seconds", "When the journal was last archived; the time since is its lag.")
	m.trimmed = m.counter("journal_trimmed_total", "Journal records dropped because of the bound.")
	m.trimFailed = m.counter("journal_trim_failures_total", "Times that the journal could not be trimmed.")
	m.trimmedLast = m.gauge("journal_trimmed_timestamp_seconds", "When the journal was last trimmed; the time since is its lag.")
}

// Flushed takes in one commit of the store.
func (m *Metrics) Flushed(f store.Flush) {
	m.flush.duration.Observe(f.Took.Seconds())
	m.flush.changes.Observe(float64(f.Changes))
	if f.Err != nil {
		m.flush.failed.Inc()
	}
}

// Trimmed takes in one trimming of the journal.
func (m *Metrics) Trimmed(removed int, err error, now time.Time) {
	m.trimmed.Add(float64(removed))
	if err != nil {
		m.trimFailed.Inc()
		return
	}
	m.trimmedLast.Set(float64(now.UnixMilli()) / 1000)
}

// Archived takes in one copying of the journal.
func (m *Metrics) Archived(copied int, err error, now time.Time) {
	m.archived.Add(float64(copied))
	if err != nil {
		m.archiveFailed.Inc()
		return
	}
	m.archivedLast.Set(float64(now.UnixMilli()) / 1000)
}
