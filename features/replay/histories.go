package replay

import (
	"context"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Histories is an input that was read, and whose customers can be visited again and again.
type Histories struct {
	in      Input
	rows    *spool
	options Options
}

// Sort reads the whole input. Close lets go of it.
func Sort(ctx context.Context, in Input, o Options) (*Histories, error) {
	o = o.withDefaults()
	rows, err := sortRows(ctx, in, o)
	if err != nil {
		return nil, err
	}
	rows.keeps = true
	return &Histories{in: in, rows: rows, options: o}, nil
}

// Visitor looks at one customer after another. It is for one goroutine.
type Visitor interface {
	// Wants says whether to look at a customer. The id is valid until it returns.
	Wants(id []byte) bool
	// Customer is given all events of a customer in order of arrival, with those that came twice. They are valid until it returns.
	Customer(id string, events []event.Event) error
}

// Visit has the customers visited, by a visitor for each worker, and returns what was counted of them: events, customers and times.
func (h *Histories) Visit(ctx context.Context, newVisitor func() Visitor) (Counts, error) {
	pool := &pool{in: h.in, rows: h.rows, options: h.options}
	return pool.run(ctx, func() visitor { return guest{newVisitor()} })
}

// Close lets go of the memory and of the temporary file.
func (h *Histories) Close() error { return h.rows.close() }

// guest is a Visitor from outside.
type guest struct{ Visitor }

func (g guest) wants(id []byte) bool                           { return g.Wants(id) }
func (g guest) customer(id string, events []event.Event) error { return g.Customer(id, events) }
func (g guest) bucket(int) error                               { return nil }
func (g guest) duplicates() int64                              { return 0 }
