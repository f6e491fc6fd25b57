package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

type timerKey struct{ customer, name string }

type timer struct {
	store.Timer
	// next is when the timer may be handed out: its due time, later the end of a claim's lease.
	next time.Time
}

func (s *shard) setTimer(id string, change store.TimerChange) {
	key := timerKey{id, change.Name}
	if change.Due.IsZero() {
		delete(s.timers, key)
		return
	}
	due := change.Due.Truncate(time.Millisecond)
	s.timers[key] = &timer{next: due, Timer: store.Timer{
		Customer: id,
		Name:     change.Name,
		Due:      due,
		Payload:  bytes.Clone(change.Payload),
	}}
}

// ClaimTimers implements store.Driver.
func (d *Driver) ClaimTimers(
	ctx context.Context, n int, now time.Time, lease time.Duration, limit int,
) ([]store.Timer, error) {
	if err := d.lock(ctx); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var due []*timer
	for _, t := range d.shards[n].timers {
		if !t.next.After(now) {
			due = append(due, t)
		}
	}
	slices.SortFunc(due, func(a, b *timer) int {
		return cmp.Or(a.next.Compare(b.next), cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Name, b.Name))
	})
	due = due[:min(limit, len(due))]
	out := make([]store.Timer, 0, len(due))
	for _, t := range due {
		t.next = now.Add(lease)
		out = append(out, t.Timer)
	}
	return out, nil
}
