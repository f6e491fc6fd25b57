package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// Options say how files are read.
type Options struct {
	// Mapping says what the rows mean; nil: every line is an event of ours.
	Mapping *Mapping
	// Tolerate is the number of bad rows that are left out before one stops the reading.
	Tolerate int
	// OnBad is told every bad row that is left out. It may be called by several goroutines at once.
	OnBad func(*RowError)
	// Progress is told how much of the files was read, in bytes as they lie on the disk. Scan calls it.
	Progress func(read, total int64)
}

// Stats counts what became of the rows so far.
type Stats struct {
	Rows       int64 // seen by the scan; a group's rows each
	NoCustomer int64 // left out, because nobody is named
	Bad        int64 // left out, because they could not be read
	Skipped    int64 // left out by a rule; of a group one
	Unmatched  int64 // no rule held; of a group one
	Events     int64 // made
}

// Source is a list of files of one kind. Scan may run beside its decoders.
type Source struct {
	options Options
	mapping *Mapping // nil: JSONL of events
	files   []file
	total   int64

	rows, noCustomer, bad atomic.Int64
	mu                    sync.Mutex
	decoders              []*counts
}

type file struct {
	path  string
	base  string // as messages name it
	name  string // base without extensions
	size  int64
	table table
}

// Open checks that the files are there and, where the format has one, that their headers have the mapping's columns.
func Open(paths []string, options Options) (*Source, error) {
	s := &Source{options: options, mapping: options.Mapping}
	if len(paths) == 0 {
		return nil, errors.New("no files to read")
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("open the file: %w", err)
		}
		if info.IsDir() {
			return nil, fmt.Errorf("%s is a folder; expected a file", path)
		}
		base := filepath.Base(path)
		name, _, _ := strings.Cut(base, ".")
		f := file{path: path, base: base, name: name, size: info.Size()}
		if f.table, err = s.readTable(&f); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		s.files = append(s.files, f)
		s.total += f.size
	}
	return s, nil
}

// readTable reads the header of a file.
func (s *Source) readTable(f *file) (table, error) {
	if s.mapping == nil {
		return table{}, nil
	}
	columns := s.mapping.Columns
	switch s.mapping.Format {
	case CSV:
		return csvTable(f.path, columns, ',')
	case TSV:
		return csvTable(f.path, columns, '\t')
	case Parquet:
		return parquetTable(f.path, columns)
	case Blocks:
		t, err := newTable(columns, columns)
		t.separator = '\t'
		return t, err
	}
	return table{}, nil
}

func csvTable(path string, columns []string, separator byte) (table, error) {
	in, err := openInput(path, func(int) {})
	if err != nil {
		return table{}, err
	}
	defer in.Close()
	rows := &csvRows{lines: newLineReader(in), separator: separator}
	var row rawRow
	if err := rows.next(&row); errors.Is(err, io.EOF) {
		return table{}, errors.New("the file is empty; expected a header")
	} else if err != nil {
		return table{}, fmt.Errorf("read the header: %w", err)
	}
	t, err := headerTable(string(row.body), columns, separator)
	t.separator, t.quotes = separator, true
	return t, err
}

func headerTable(row string, columns []string, separator byte) (table, error) {
	var header []string
	for more := true; more; {
		var name string
		if row != "" && row[0] == '"' {
			var err error
			if name, row, more, err = unquote(row, separator); err != nil {
				return table{}, fmt.Errorf("read the header: %w", err)
			}
		} else {
			name, row, more = strings.Cut(row, string(separator))
		}
		header = append(header, strings.TrimSpace(name))
	}
	return newTable(header, columns)
}

// tolerate counts a bad row, and returns the error when there were too many.
func (s *Source) tolerate(err *RowError) error {
	n := s.bad.Add(1)
	switch {
	case s.options.Tolerate == 0:
		return err
	case n > int64(s.options.Tolerate):
		return fmt.Errorf("more than %d bad rows; the last: %w", s.options.Tolerate, err)
	}
	if s.options.OnBad != nil {
		s.options.OnBad(err)
	}
	return nil
}

// Stats counts what was done so far, by the scan and all decoders.
func (s *Source) Stats() Stats {
	out := Stats{Rows: s.rows.Load(), NoCustomer: s.noCustomer.Load(), Bad: s.bad.Load()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.decoders {
		out.Events += c.events.Load()
		out.Skipped += c.skipped.Load()
		out.Unmatched += c.unmatched.Load()
	}
	return out
}
