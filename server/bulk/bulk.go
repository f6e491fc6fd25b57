// Package bulk sends the history in files to a server or a store, and goes on where it was broken off.
package bulk

import (
	"context"
	"fmt"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
)

// Target is where events go. Send stores all of them or returns an error; the same events may come again after one.
type Target interface {
	Send(ctx context.Context, events []event.Event) (Result, error)
}

// Result is what became of events.
type Result struct{ Accepted, Duplicates, Rejected int }

// The bounds of what is sent at once: well below what a server takes.
const (
	batchEvents = 500
	batchBytes  = 400 << 10
)

// Run sends all events of the files in order of arrival, one batch after the other, so that no customer's events overtake each other.
// It begins where the checkpoint says.
func Run(ctx context.Context, files *source.Source, target Target, checkpoint *Checkpoint) (Result, error) {
	r := run{target: target, decoder: files.NewDecoder(), checkpoint: checkpoint}
	from := checkpoint.Rows
	err := files.Scan(ctx, func(row source.Row) error {
		if row.Seq < from {
			return nil
		}
		return r.take(ctx, row)
	})
	if err == nil {
		err = r.flush(ctx)
	}
	if err != nil {
		return r.total, err
	}
	return r.total, checkpoint.remove()
}

type run struct {
	target     Target
	decoder    *source.Decoder
	checkpoint *Checkpoint
	events     []event.Event
	bytes      int
	next       uint64 // row after those taken
	total      Result
}

func (r *run) take(ctx context.Context, row source.Row) error {
	before := len(r.events)
	var err error
	if r.events, err = r.decoder.Decode(row.Raw, r.events); err != nil {
		return err
	}
	for i := before; i < len(r.events); i++ {
		if r.events[i].ID == "" {
			// Of the row, so that the event is known again when the row is sent again.
			r.events[i].ID = fmt.Sprintf("row-%s-%d-%d", r.checkpoint.id, row.Seq, i-before)
		}
	}
	r.bytes += len(row.Raw)
	r.next = row.Seq + 1
	if len(r.events) >= batchEvents || r.bytes >= batchBytes {
		return r.flush(ctx)
	}
	return nil
}

func (r *run) flush(ctx context.Context) error {
	if len(r.events) > 0 {
		done, err := r.target.Send(ctx, r.events)
		r.total.Accepted += done.Accepted
		r.total.Duplicates += done.Duplicates
		r.total.Rejected += done.Rejected
		if err != nil {
			return fmt.Errorf("%w (%d rows were stored before; the same command goes on after them)", err, r.checkpoint.Rows)
		}
	}
	r.events, r.bytes = r.events[:0], 0
	r.decoder.Reset()
	return r.checkpoint.save(r.next)
}
