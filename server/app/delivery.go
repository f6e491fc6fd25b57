package app

import (
	"time"

	"github.com/halfstep-ml/halfstep/server/delivery"
)

// openDelivery begins to bring proactive actions to streams and webhooks. An erasure reaches what it keeps of them.
func (a *App) openDelivery(now func() time.Time) (err error) {
	a.delivery, err = delivery.Start(delivery.Options{
		Store: a.store, Webhooks: a.config.Webhooks, Metrics: a.metrics.Delivery, Log: a.log, Now: now,
	})
	if err != nil {
		return err
	}
	a.cleanup.push("delivery", a.delivery.Close)
	a.engine.AlsoScrub(a.delivery)
	a.engine.OnDecision(a.delivery.Notify)
	return nil
}
