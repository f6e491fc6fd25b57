package dataset

import (
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
)

// Set is a training set in memory.
type Set struct {
	Meta
	Names     []string // of the features
	Customers []string
	At        []int64 // Unix milliseconds
	Labels    []float32
	Draws     []int32             // nil when the set has none
	Keys      map[string][]string // by name
	Matrix    []float32           // the vectors, row after row
}

// Rows is the number of rows.
func (s *Set) Rows() int { return len(s.At) }

// Vector is the ith row of the matrix.
func (s *Set) Vector(i int) []float32 {
	width := len(s.Names)
	return s.Matrix[i*width : (i+1)*width : (i+1)*width]
}

// Read loads a set. The names and the order of its columns are checked against its metadata.
func Read(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the set: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the set: %w", err)
	}
	s, err := read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read the set %s: %w", path, err)
	}
	return s, nil
}

func read(f *os.File, size int64) (*Set, error) {
	file, err := parquet.OpenFile(f, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	s := &Set{Keys: map[string][]string{}}
	if err := s.read(file.Lookup); err != nil {
		return nil, err
	}
	expected, _, err := s.schema()
	if err != nil {
		return nil, err
	}
	if !parquet.EqualNodes(expected, file.Schema()) {
		return nil, fmt.Errorf("the columns are not those that the metadata names")
	}
	_, s.Names = s.columns()
	n := int(file.NumRows())
	s.Customers, s.At, s.Labels = make([]string, n), make([]int64, n), make([]float32, n)
	s.Matrix = make([]float32, n*len(s.Names))
	if s.Meta.Labels.Draws {
		s.Draws = make([]int32, n)
	}
	for _, key := range s.Meta.Labels.Keys {
		s.Keys[key] = make([]string, n)
	}
	row := 0
	for _, rg := range file.RowGroups() {
		for c, chunk := range rg.ColumnChunks() {
			if err := s.column(c, row, chunk); err != nil {
				return nil, err
			}
		}
		row += int(rg.NumRows())
	}
	return s, nil
}

// column reads a column of a row group whose first row is row.
func (s *Set) column(c, row int, chunk parquet.ColumnChunk) error {
	put := s.setter(c)
	pages := chunk.Pages()
	defer pages.Close()
	values := make([]parquet.Value, 1024)
	end := row + int(chunk.NumValues())
	if end > s.Rows() {
		return fmt.Errorf("column %d has more values than there are rows", c)
	}
	for row < end {
		page, err := pages.ReadPage()
		if err != nil {
			return err
		}
		reader, left := page.Values(), int(page.NumValues())
		if left > end-row {
			return fmt.Errorf("column %d has more values than it says", c)
		}
		for left > 0 {
			n, err := reader.ReadValues(values[:min(left, len(values))])
			if n == 0 {
				return fmt.Errorf("column %d ends early: %w", c, err)
			}
			for _, v := range values[:n] {
				put(row, v)
				row++
			}
			left -= n
		}
		parquet.Release(page)
	}
	return nil
}

// setter is how the values of column c are kept.
func (s *Set) setter(c int) func(row int, v parquet.Value) {
	head, _ := s.columns()
	if c >= len(head) {
		width := len(s.Names)
		return func(row int, v parquet.Value) { s.Matrix[row*width+c-len(head)] = v.Float() }
	}
	switch name := head[c]; name {
	case customerColumn:
		return func(row int, v parquet.Value) { s.Customers[row] = string(v.ByteArray()) }
	case atColumn:
		return func(row int, v parquet.Value) { s.At[row] = v.Int64() }
	case labelColumn:
		return func(row int, v parquet.Value) { s.Labels[row] = v.Float() }
	case drawColumn:
		return func(row int, v parquet.Value) { s.Draws[row] = v.Int32() }
	default:
		column := s.Keys[name]
		return func(row int, v parquet.Value) { column[row] = string(v.ByteArray()) }
	}
}
