package bulk

import (
	"context"
	"fmt"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
)

// Engine is a Target: a store that this process has open.
type Engine struct {
	Engine  *live.Engine
	Timeout time.Duration // of a batch
}

// Send implements Target.
func (e Engine) Send(ctx context.Context, events []event.Event) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	done := e.Engine.Import(ctx, events)
	if len(done.Failed) > 0 {
		return Result{}, fmt.Errorf("%d events could not be stored: %w", len(done.Failed), done.Err)
	}
	return Result{Accepted: done.Accepted, Duplicates: done.Duplicates}, nil
}
