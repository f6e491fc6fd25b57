package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// cleanup is a stack of what has to be undone, each pushed the moment it was done.
type cleanup []step

type step struct {
	name string
	undo func(context.Context) error
}

func (c *cleanup) push(name string, undo func(context.Context) error) {
	*c = append(*c, step{name, undo})
}

// run undoes everything, the last first, whatever fails on the way. A second run does nothing.
func (c *cleanup) run(ctx context.Context, log *slog.Logger) error {
	var errs []error
	for len(*c) > 0 {
		last := (*c)[len(*c)-1]
		*c = (*c)[:len(*c)-1]
		log.Debug("closing", "what", last.name)
		if err := last.undo(ctx); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", last.name, err))
		}
	}
	return errors.Join(errs...)
}
