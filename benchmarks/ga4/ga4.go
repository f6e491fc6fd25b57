// Package ga4 reads the history of the Google Merchandise Store: the real customers that the benchmarks run on.
package ga4

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
)

// What is known of the file.
const (
	file      = "ga4_events_2020-12-19_2021-01-24.csv.zst"
	rows      = 1_280_387
	customers = 105_399
	// Orders is how many orders were completed in the history.
	Orders = 1_216
)

const day = 24 * time.Hour

// Path is where the file lies in the folder of real data.
func Path(folder string) string { return filepath.Join(folder, file) }

// History is every event, as raw rows by customer.
type History struct {
	Customers []Customer // in the order they first came
	files     *source.Source
	newest    int64 // Unix milliseconds
}

// Customer is one visitor of the shop.
type Customer struct {
	ID   string
	rows []row // in order of arrival
}

// row is a row as it stands in the file: taken apart it would need four times the memory.
type row struct {
	seq uint64
	raw []byte
}

// Read reads the history and counts it.
func Read(ctx context.Context, folder string) (*History, error) {
	mapping, err := source.ShippedMapping("ga4")
	if err != nil {
		return nil, err
	}
	h := &History{}
	if h.files, err = source.Open([]string{Path(folder)}, source.Options{Mapping: mapping}); err != nil {
		return nil, err
	}
	at := make(map[string]int, customers)
	var memory []byte
	err = h.files.Scan(ctx, func(r source.Row) error {
		i, known := at[string(r.Customer)]
		if !known {
			i = len(h.Customers)
			id := string(r.Customer)
			at[id] = i
			h.Customers = append(h.Customers, Customer{ID: id})
		}
		if cap(memory)-len(memory) < len(r.Raw) {
			memory = make([]byte, 0, max(1<<20, len(r.Raw)))
		}
		start := len(memory)
		memory = append(memory, r.Raw...)
		h.Customers[i].rows = append(h.Customers[i].rows, row{seq: r.Seq, raw: memory[start:len(memory):len(memory)]})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	if got := h.files.Stats().Rows; got != rows || len(h.Customers) != customers {
		return nil, fmt.Errorf("the history has %d rows of %d customers, expected %d of %d", got, len(h.Customers), rows, customers)
	}
	return h, h.findNewest()
}

// findNewest looks at everybody's last row.
func (h *History) findNewest() error {
	d := h.Decoder(0)
	var events []event.Event
	for i := range h.Customers {
		c := &h.Customers[i]
		var err error
		if events, err = d.decode(c.rows[len(c.rows)-1:], events[:0]); err != nil {
			return err
		}
		for k := range events {
			h.newest = max(h.newest, events[k].At)
		}
		d.Reset()
	}
	return nil
}

// Newest is the time of the last event in Unix milliseconds.
func (h *History) Newest() int64 { return h.newest }

// ShiftTo is how many milliseconds, in whole days, every event has to be moved for the last one to lie just before now.
func (h *History) ShiftTo(now time.Time) int64 {
	whole := now.Sub(time.UnixMilli(h.newest)) / day
	return int64(whole) * day.Milliseconds()
}

// Decoder makes events of rows.
type Decoder struct {
	decoder *source.Decoder
	shift   int64
}

// Decoder returns a decoder that moves every event by so many milliseconds.
func (h *History) Decoder(shift int64) *Decoder {
	return &Decoder{decoder: h.files.NewDecoder(), shift: shift}
}

// Reset declares that no event decoded so far is used any more.
func (d *Decoder) Reset() { d.decoder.Reset() }

// Events appends all events of a customer, in order of arrival.
func (d *Decoder) Events(c *Customer, dst []event.Event) ([]event.Event, error) {
	return d.decode(c.rows, dst)
}

// Before appends the events of a customer that came before a place in the order of arrival.
func (d *Decoder) Before(c *Customer, seq uint64, dst []event.Event) ([]event.Event, error) {
	return d.decode(c.rows[:c.until(seq)], dst)
}

func (c *Customer) until(seq uint64) int {
	i, _ := slices.BinarySearchFunc(c.rows, seq, func(r row, seq uint64) int { return cmp.Compare(r.seq, seq) })
	return i
}

func (d *Decoder) decode(rows []row, dst []event.Event) (_ []event.Event, err error) {
	first := len(dst)
	for _, r := range rows {
		if dst, err = d.decoder.Decode(r.raw, dst); err != nil {
			return dst, fmt.Errorf("decode the history: %w", err)
		}
	}
	for i := range dst[first:] {
		e := &dst[first+i]
		e.At, e.ReceivedAt = e.At+d.shift, e.ReceivedAt+d.shift
	}
	return dst, nil
}

// Last is the last n rows of all customers, in order of arrival.
type Last struct {
	Seq  uint64 // of the first of them
	rows []row
}

// Last returns the last n rows.
func (h *History) Last(n int) Last {
	l := Last{Seq: uint64(rows - n)}
	for i := range h.Customers {
		c := &h.Customers[i]
		l.rows = append(l.rows, c.rows[c.until(l.Seq):]...)
	}
	slices.SortFunc(l.rows, func(a, b row) int { return cmp.Compare(a.seq, b.seq) })
	return l
}

// Next appends the events of the next n rows to dst and forgets those rows; at the end there are none.
func (d *Decoder) Next(l *Last, n int, dst []event.Event) ([]event.Event, error) {
	n = min(n, len(l.rows))
	dst, err := d.decode(l.rows[:n], dst)
	l.rows = l.rows[n:]
	return dst, err
}
