package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetRows are the rows of a Parquet file, every column as text: numbers in digits, times in RFC 3339, null as "".
type parquetRows struct {
	groups []parquet.RowGroup
	rows   parquet.Rows
	batch  []parquet.Row
	at     int // the next row of the batch
	count  int // of rows in the batch
	line   int64
	slots  []int
	text   []func(dst []byte, v parquet.Value) []byte // of each leaf column
	fields [][]byte
	body   []byte
}

// parquetTable matches the columns of a file with the mapping's; a nested column is named with dots.
func parquetTable(path string, columns []string) (table, error) {
	f, err := openParquetFile(path, func(int) {})
	if err != nil {
		return table{}, err
	}
	defer f.Close()
	paths := f.pq.Schema().Columns()
	header := make([]string, len(paths))
	for i, p := range paths {
		header[i] = strings.Join(p, ".")
	}
	t, err := newTable(header, columns)
	if err != nil {
		return table{}, err
	}
	for i, name := range columns {
		leaf, _ := f.pq.Schema().Lookup(paths[t.positions[i]]...)
		if leaf.MaxRepetitionLevel > 0 {
			return table{}, fmt.Errorf("column %s is repeated; a mapping takes columns with one value a row", name)
		}
	}
	return t, nil
}

type parquetFile struct {
	file *os.File
	pq   *parquet.File
}

func (f parquetFile) Close() error { return f.file.Close() }

func openParquetFile(path string, read func(int)) (f parquetFile, err error) {
	defer recoverCorrupt(path, &err)
	if f.file, err = os.Open(path); err != nil {
		return f, fmt.Errorf("open the file: %w", err)
	}
	info, err := f.file.Stat()
	if err == nil {
		f.pq, err = parquet.OpenFile(meteredAt{f.file, read}, info.Size())
	}
	if err != nil {
		return f, fmt.Errorf("%s: read Parquet: %w", path, joinClose(err, f.file))
	}
	return f, nil
}

// recoverCorrupt turns the panics that the library answers some corrupt files with into errors.
func recoverCorrupt(path string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s: corrupt Parquet file: %v", path, r)
	}
}

type meteredAt struct {
	io.ReaderAt
	read func(int)
}

func (m meteredAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := m.ReaderAt.ReadAt(p, off)
	m.read(n)
	return n, err
}

func openParquet(f *file, read func(int)) (rows rowReader, closeRows func(), err error) {
	defer recoverCorrupt(f.path, &err)
	opened, err := openParquetFile(f.path, read)
	if err != nil {
		return nil, nil, err
	}
	p := &parquetRows{
		groups: opened.pq.RowGroups(),
		batch:  make([]parquet.Row, 64),
		slots:  f.table.slots,
		fields: make([][]byte, len(f.table.positions)),
	}
	schema := opened.pq.Schema()
	for _, path := range schema.Columns() {
		leaf, _ := schema.Lookup(path...)
		p.text = append(p.text, valueText(leaf.Node.Type()))
	}
	closeRows = func() {
		if p.rows != nil {
			_ = p.rows.Close() // it was only read
		}
		_ = opened.Close()
	}
	return parquetGuard{p, f.path}, closeRows, nil
}

// parquetGuard names the file in errors, and keeps a corrupt one from taking the program down.
type parquetGuard struct {
	rows *parquetRows
	path string
}

func (g parquetGuard) next(row *rawRow) (err error) {
	defer recoverCorrupt(g.path, &err)
	if err = g.rows.next(row); err != nil && err != io.EOF {
		return fmt.Errorf("%s: read Parquet: %w", g.path, err)
	}
	return err
}

func (p *parquetRows) next(row *rawRow) error {
	for p.at == p.count {
		if err := p.fill(); err != nil {
			return err
		}
	}
	for i := range p.fields {
		p.fields[i] = p.fields[i][:0]
	}
	for _, v := range p.batch[p.at] {
		if slot := p.slots[v.Column()]; slot >= 0 && !v.IsNull() {
			p.fields[slot] = p.text[v.Column()](p.fields[slot], v)
		}
	}
	p.at++
	p.line++
	p.body = p.body[:0]
	for _, f := range p.fields {
		p.body = appendText(p.body, f)
	}
	row.body, row.place.line = p.body, p.line
	return nil
}

func (p *parquetRows) fill() error {
	if p.rows == nil {
		if len(p.groups) == 0 {
			return io.EOF
		}
		p.rows, p.groups = p.groups[0].Rows(), p.groups[1:]
	}
	var err error
	p.at = 0
	p.count, err = p.rows.ReadRows(p.batch)
	if errors.Is(err, io.EOF) {
		err = p.rows.Close()
		p.rows = nil
	}
	return err
}

// valueText says how the values of a column are written as text.
func valueText(t parquet.Type) func([]byte, parquet.Value) []byte {
	switch l := logical(t).(type) {
	case *format.TimestampType:
		unit := int64(l.Unit.Value.Duration())
		return func(dst []byte, v parquet.Value) []byte {
			n := v.Int64()
			return time.Unix(n/(1e9/unit), n%(1e9/unit)*unit).UTC().AppendFormat(dst, time.RFC3339Nano)
		}
	case *format.DateType:
		return func(dst []byte, v parquet.Value) []byte {
			return time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
		}
	case *format.DecimalType:
		if k := t.Kind(); k == parquet.Int32 || k == parquet.Int64 {
			return func(dst []byte, v parquet.Value) []byte { return appendDecimal(dst, v, int(l.Scale)) }
		}
	}
	return appendValue
}

func logical(t parquet.Type) format.LogicalTypeValue {
	if l := t.LogicalType(); l != nil {
		return l.Value
	}
	return nil
}

func appendDecimal(dst []byte, v parquet.Value, scale int) []byte {
	n := v.Int64()
	if v.Kind() == parquet.Int32 {
		n = int64(v.Int32())
	}
	return append(strconv.AppendInt(dst, n, 10), "e-"+strconv.Itoa(scale)...)
}

func appendValue(dst []byte, v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.Float:
		return strconv.AppendFloat(dst, float64(v.Float()), 'f', -1, 32)
	case parquet.Double:
		return strconv.AppendFloat(dst, v.Double(), 'f', -1, 64)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return append(dst, v.ByteArray()...)
	}
	return append(dst, v.String()...)
}

// splitLengths puts the columns of a raw Parquet row into fields.
func splitLengths(body string, fields []string) error {
	for i := range fields {
		var n uint64
		var size int
		if n, size = uvarint(body); size <= 0 || n > uint64(len(body)-size) {
			return errNotRaw
		}
		fields[i], body = body[size:size+int(n)], body[size+int(n):]
	}
	return nil
}

func uvarint(s string) (uint64, int) {
	return binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen64)]))
}
