package source

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/halfstep-ml/halfstep/features/event"
)

// counts is what one decoder did. Each decoder has its own, so that they do not fight for a cache line.
type counts struct {
	events, skipped, unmatched atomic.Int64
	_                          [40]byte
}

// Decoder turns raw rows into events. It is for one goroutine; many of them may work side by side.
type Decoder struct {
	source *Source
	m      *Mapping
	counts *counts
	mem    arena
	rows   []record
	buf    []byte
}

// NewDecoder returns a decoder of the source's rows.
func (s *Source) NewDecoder() *Decoder {
	d := &Decoder{source: s, m: s.mapping, counts: new(counts)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decoders = append(s.decoders, d.counts)
	return d
}

// Reset declares that no event decoded so far is used any more; their properties' memory is taken again by the next ones. Without
// it the events stay valid, and the garbage collector does the work. Text is never overwritten, in either case.
func (d *Decoder) Reset() { d.mem.reset() }

// Decode appends the events of a raw row to dst; there may be none. A bad row that the source tolerates gives none, and no
// error. The events hold no part of raw.
func (d *Decoder) Decode(raw []byte, dst []event.Event) ([]event.Event, error) {
	before := len(dst)
	r := rawReader{rest: raw}
	var p place
	r.place(&p, d.m != nil && d.m.Format == Blocks)
	if r.err != nil || p.file >= len(d.source.files) {
		return dst, errNotRaw
	}
	f := &d.source.files[p.file]
	p.name = f.name
	var err error
	if d.m == nil {
		dst, err = d.ours(p, r.rest, dst)
	} else {
		dst, err = d.mapped(p, f, &r, dst)
	}
	if err == nil {
		d.counts.events.Add(int64(len(dst) - before))
		return dst, nil
	}
	return dst[:before], d.judge(err, f, p.line)
}

// judge gives the complaint about a row its place, and lets the row pass if it may.
func (d *Decoder) judge(err error, f *file, line int64) error {
	bad := &RowError{File: f.base, Line: line, Message: err.Error()}
	var re *RowError
	var fe *event.FieldError
	switch {
	case errors.Is(err, errNotRaw):
		return err
	case errors.As(err, &re):
		bad.Column, bad.Message = re.Column, re.Message
		if re.Line > 0 {
			bad.Line = re.Line
		}
	case errors.As(err, &fe):
		bad.Column, bad.Message = fe.Field, fe.Message
	}
	return d.source.tolerate(bad)
}

// ours reads an event of our own.
func (d *Decoder) ours(p place, body []byte, dst []event.Event) ([]event.Event, error) {
	e, err := event.Decode(body, event.Origin{History: true})
	if err != nil {
		return dst, err
	}
	if e.ID == "" {
		e.ID = string(appendID(nil, p.line, body))
	}
	return append(dst, e), nil
}

// appendID derives an id from a row and where it stands, so that a file which is read again gives the same ids, and equal rows
// on different lines give different ones.
func appendID(dst []byte, line int64, body []byte) []byte {
	const spread = 0x9e3779b97f4a7c15
	return strconv.AppendUint(dst, xxhash.Sum64(body)^uint64(line)*spread, 16)
}

// mapped makes the events of a row, or group, by the rules.
func (d *Decoder) mapped(p place, f *file, r *rawReader, dst []event.Event) ([]event.Event, error) {
	// One string holds the row and its id; the fields, and so the events' texts, are parts of it.
	d.buf = append(d.buf[:0], r.rest...)
	body := len(d.buf)
	if d.m.id == nil {
		d.buf = appendID(d.buf, p.line, r.rest)
	}
	text := string(d.buf)
	if err := d.parse(p, f, r, text[:body]); err != nil {
		return dst, err
	}
	proto := event.Event{ID: text[body:], Channel: d.m.channel, CustomerID: d.m.customer.text(&d.rows[0]), AnonymousID: d.m.anonymous.text(&d.rows[0])}
	if d.m.id != nil {
		if proto.ID = d.m.id.Eval(&d.rows[0]); proto.ID == "" {
			return dst, &RowError{Column: "id", Message: "the row has none"}
		}
	}
	if err := d.times(&proto); err != nil {
		return dst, err
	}
	return d.apply(proto, dst)
}

// parse takes the row, or the rows of the group, apart.
func (d *Decoder) parse(p place, f *file, r *rawReader, body string) error {
	if d.m.group == nil {
		return d.m.parse(f, body, d.record(0, p))
	}
	total := len(r.rest)
	for n := 0; len(r.rest) > 0; n++ {
		p.line = r.number()
		length := len(r.text())
		if r.err != nil {
			return r.err
		}
		end := total - len(r.rest)
		if err := d.m.parse(f, body[end-length:end], d.record(n, p)); err != nil {
			return located(err, p.line)
		}
	}
	if len(d.rows) == 0 {
		return errNotRaw
	}
	return nil
}

// record makes room for the nth row of a group.
func (d *Decoder) record(n int, p place) *record {
	if n < cap(d.rows) {
		d.rows = d.rows[:n+1]
	} else {
		d.rows = append(d.rows[:n], record{})
	}
	rec := &d.rows[n]
	if rec.fields == nil {
		rec.fields = make([]string, len(d.m.Columns))
	}
	rec.place = p
	return rec
}

func (d *Decoder) times(e *event.Event) (err error) {
	if e.At, err = d.m.at.read(&d.rows[0]); err != nil {
		return &RowError{Column: d.m.at.field, Message: err.Error()}
	}
	e.ReceivedAt = e.At
	if d.m.receivedAt != nil {
		if e.ReceivedAt, err = d.m.receivedAt.read(&d.rows[0]); err != nil {
			return &RowError{Column: d.m.receivedAt.field, Message: err.Error()}
		}
	}
	return nil
}

// apply goes through the rules in their order; the first that holds is the last, unless it says `also`.
func (d *Decoder) apply(proto event.Event, dst []event.Event) ([]event.Event, error) {
	made := 0
	for i := range d.m.rules {
		r := &d.m.rules[i]
		if r.when != nil && !r.when.Eval(&d.rows[0]) {
			continue
		}
		if r.skip {
			if made == 0 {
				d.counts.skipped.Add(1)
			}
			return dst, nil
		}
		e := proto
		if made > 0 {
			e.ID = proto.ID + "." + strconv.Itoa(made)
		}
		if err := d.fill(&e, r); err != nil {
			return dst, err
		}
		dst = append(dst, e)
		made++
		if !r.also {
			return dst, nil
		}
	}
	if made == 0 {
		d.counts.unmatched.Add(1)
	}
	return dst, nil
}

func (d *Decoder) fill(e *event.Event, r *rule) error {
	e.Type, e.Name = r.kind, r.name
	if r.nameOf != nil {
		if e.Name = r.nameOf.Eval(&d.rows[0]); e.Name == "" {
			return &RowError{Column: "event", Message: fmt.Sprintf("%s gives no name", r.nameOf.Source())}
		}
	}
	e.Properties = object(r.properties, d.rows, &d.mem)
	e.Context = object(r.context, d.rows, &d.mem)
	e.Traits = object(r.traits, d.rows, &d.mem)
	e.Enriched = object(r.enriched, d.rows, &d.mem)
	if err := e.Check(); err != nil {
		return err
	}
	return withinLimits(e)
}

// withinLimits holds an imported event to what the server accepts, so that it can be sent there, and come back out of a journal.
func withinLimits(e *event.Event) error {
	var keys, bytes int
	for _, o := range []event.Object{e.Properties, e.Context, e.Traits, e.Enriched} {
		k, b := measure(o)
		keys, bytes = keys+k, bytes+b
	}
	if keys > event.MaxKeys {
		return &event.FieldError{Message: fmt.Sprintf("the event has %d keys and list elements, at most %d are accepted; a limit in the mapping shortens lists", keys, event.MaxKeys)}
	}
	// Text may grow sixfold when it is written as JSON; only an event that could be too large is written to see.
	if 6*bytes+64*keys > event.MaxEventBytes/2 {
		if n := len(e.AppendJSON(nil)); n > event.MaxEventBytes {
			return &event.FieldError{Message: fmt.Sprintf("the event has %d bytes, at most %d are accepted; a limit in the mapping shortens lists", n, event.MaxEventBytes)}
		}
	}
	return nil
}

func measure(o event.Object) (keys, bytes int) {
	for i := range o {
		keys++
		bytes += len(o[i].Key) + len(o[i].Str)
		if o[i].Items != nil {
			k, b := measure(o[i].Items)
			keys, bytes = keys+k, bytes+b
		}
	}
	return keys, bytes
}
