package source

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Row is a row that has not been taken apart. Customer and Raw are valid until the callback returns; a caller that keeps them
// copies them.
type Row struct {
	Customer []byte // the key of the customer's profile, as event.CustomerKey makes it
	Seq      uint64 // order of arrival over all files, from 0
	Raw      []byte // for Decoder.Decode of this source, or of another one opened on the same files with the same mapping
}

// maxGroup bounds a group in bytes.
const maxGroup = 16 << 20

// Scan reads the files once, in their order, and hands every row, or group of rows, to yield. Rows without a customer are
// counted and left out. An error of yield ends the scan and is returned as it is. Two scans must not run at the same time.
func (s *Source) Scan(ctx context.Context, yield func(Row) error) error {
	sc := &scanner{source: s, m: s.mapping, yield: yield, finder: newCustomerFinder()}
	if s.mapping != nil {
		sc.rec.fields = make([]string, len(s.mapping.Columns))
		sc.blocks = s.mapping.Format == Blocks
	}
	for i := range s.files {
		if err := sc.file(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

type scanner struct {
	source *Source
	m      *Mapping
	yield  func(Row) error
	finder *customerFinder
	blocks bool
	read   int64 // bytes of all files

	f       *file
	rec     record
	parsed  bool // rec is the row's
	seq     uint64
	raw     []byte
	scratch []byte

	inGroup  bool
	group    []byte // the key of the open group; its rows are in raw
	customer []byte // of the open group
	place    place  // of its first row
}

func (sc *scanner) file(ctx context.Context, i int) error {
	sc.f = &sc.source.files[i]
	rows, closeRows, err := sc.open()
	if err != nil {
		return err
	}
	defer closeRows()
	row := rawRow{}
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		err := rows.next(&row)
		if err == io.EOF {
			break
		}
		row.place.file, row.place.name = i, sc.f.name
		if err == nil {
			sc.source.rows.Add(1)
			err = sc.row(&row)
		}
		if err := sc.judge(err, row.place.line); err != nil {
			return err
		}
	}
	return sc.judge(sc.flush(), sc.place.line)
}

// judge lets a bad row pass if it may.
func (sc *scanner) judge(err error, line int64) error {
	if err == nil {
		return nil
	}
	var re *RowError
	if errors.As(err, &re) && re.File == "" {
		if re.Line > 0 {
			line = re.Line
		}
		return sc.source.tolerate(&RowError{File: sc.f.base, Line: line, Column: re.Column, Message: re.Message})
	}
	return err
}

func (sc *scanner) open() (rowReader, func(), error) {
	if sc.m != nil && sc.m.Format == Parquet {
		return openParquet(sc.f, sc.progress)
	}
	in, err := openInput(sc.f.path, sc.progress)
	if err != nil {
		return nil, nil, err
	}
	return readErrors{sc.reader(newLineReader(in)), sc.f.path}, func() { _ = in.Close() }, nil // it was only read
}

func (sc *scanner) reader(lines *lineReader) rowReader {
	switch {
	case sc.m == nil || sc.m.Format == JSONL:
		return plainLines{lines}
	case sc.blocks:
		return &blockLines{lines: lines}
	}
	rows := &csvRows{lines: lines, separator: sc.f.table.separator}
	_ = rows.next(&rawRow{}) // the header, which Open has read
	return rows
}

// readErrors names the file in what the disk or the unpacking complains about.
type readErrors struct {
	rowReader
	path string
}

func (r readErrors) next(row *rawRow) error {
	err := r.rowReader.next(row)
	if err == nil || err == io.EOF {
		return err
	}
	if _, bad := err.(*RowError); bad {
		return err
	}
	return fmt.Errorf("read %s: %w", r.path, err)
}

func (sc *scanner) progress(n int) {
	sc.read += int64(n)
	if sc.source.options.Progress != nil {
		sc.source.options.Progress(min(sc.read, sc.source.total), sc.source.total)
	}
}

func (sc *scanner) row(row *rawRow) error {
	sc.parsed = false
	if sc.m != nil && sc.m.group != nil {
		return sc.member(row)
	}
	customer, err := sc.customerOf(row)
	if err != nil {
		return err
	}
	if len(customer) == 0 {
		sc.source.noCustomer.Add(1)
		return nil
	}
	sc.raw = append(appendPlace(sc.raw[:0], &row.place, sc.blocks), row.body...)
	return sc.emit(customer)
}

func (sc *scanner) emit(customer []byte) error {
	sc.seq++
	return sc.yield(Row{Customer: customer, Seq: sc.seq - 1, Raw: sc.raw})
}

// member adds a row to the open group, or opens another.
func (sc *scanner) member(row *rawRow) error {
	group, err := sc.key(sc.m.group, row)
	if err != nil {
		return err
	}
	if !sc.inGroup || string(group) != string(sc.group) {
		group = append([]byte(nil), group...) // flush hands control to the caller
		if err := sc.flush(); err != nil {
			return err
		}
		customer, err := sc.customerOf(row)
		if err != nil {
			return err
		}
		sc.inGroup, sc.place = true, row.place
		sc.group, sc.customer = group, append(sc.customer[:0], customer...)
		sc.raw = appendPlace(sc.raw[:0], &row.place, sc.blocks)
	}
	if len(sc.customer) == 0 {
		sc.source.noCustomer.Add(1)
		return nil
	}
	if len(sc.raw)+len(row.body) > maxGroup {
		return &RowError{Message: fmt.Sprintf("the group has more than %d bytes; are its rows really one event?", maxGroup)}
	}
	sc.raw = appendMember(sc.raw, row.place.line, row.body)
	return nil
}

func (sc *scanner) flush() error {
	if !sc.inGroup {
		return nil
	}
	sc.inGroup = false
	if len(sc.customer) == 0 {
		return nil
	}
	return sc.emit(sc.customer)
}

// customerOf is the key of the profile that a row belongs to, empty when nobody is named.
func (sc *scanner) customerOf(row *rawRow) ([]byte, error) {
	if sc.m == nil {
		customer, anonymous, err := sc.finder.find(row.body)
		sc.scratch = append(sc.scratch[:0], event.CustomerKey(customer, anonymous)...)
		return sc.scratch, err
	}
	customer, err := sc.key(sc.m.customer, row)
	if err != nil || len(customer) > 0 || sc.m.anonymous == nil {
		return customer, err
	}
	anonymous, err := sc.key(sc.m.anonymous, row)
	if err != nil || len(anonymous) == 0 {
		return nil, err
	}
	sc.scratch = append(append(sc.scratch[:0], event.AnonymousPrefix...), anonymous...)
	return sc.scratch, nil
}

// key reads a key off a row, without taking the row apart where that can be spared.
func (sc *scanner) key(k *key, row *rawRow) ([]byte, error) {
	if k == nil {
		return nil, nil
	}
	if k.column >= 0 && !row.quoted && sc.m.Format != Parquet {
		return sc.f.table.field(row.body, k.column), nil
	}
	if !sc.parsed {
		sc.rec.place = row.place
		if err := sc.m.parse(sc.f, string(row.body), &sc.rec); err != nil {
			return nil, err
		}
		sc.parsed = true
	}
	return []byte(k.text(&sc.rec)), nil
}
