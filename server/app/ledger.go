package app

import (
	"time"

	"github.com/halfstep-ml/halfstep/server/ledger"
)

// openLedger begins to keep account of decisions, by which the engine's choices are made.
func (a *App) openLedger(now func() time.Time) *ledger.Ledger {
	l := ledger.New(ledger.Options{
		Store: a.store, Playbook: a.engine.Playbook, Learnt: a.engine.Learnt, Metrics: a.metrics, Log: a.log, Now: now,
	})
	a.background("ledger", l.Run)
	return l
}
