package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"github.com/halfstep-ml/halfstep/features/replay"
)

// groupRows is the number of rows of a row group, which are collected in memory before they are written.
const groupRows = 16 << 10

// Writer writes a set. Nothing stands under the file's name until Commit; a writer that is not committed has to be aborted. It is for
// one goroutine.
type Writer struct {
	path string
	meta Meta
	file *os.File
	out  *parquet.GenericWriter[any]

	width     int // of the vector
	customers []string
	at        []int64
	labels    []float32
	draws     []int32
	keys      []string  // row after row
	vectors   []float32 // row after row
}

// Create begins a set; the file is made beside path, under another name.
func Create(path string, meta Meta) (*Writer, error) {
	_, options, err := meta.schema()
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("create the set: %w", err)
	}
	return &Writer{path: path, meta: meta, file: file, out: parquet.NewGenericWriter[any](file, options...), width: len(meta.Features.Columns)}, nil
}

// Add appends a row. The writer keeps nothing of it.
func (w *Writer) Add(row *replay.Row) error {
	if len(row.Vector) != w.width || len(row.Keys) != len(w.meta.Labels.Keys) {
		return fmt.Errorf("a row has %d features and %d keys, expected %d and %d", len(row.Vector), len(row.Keys), w.width, len(w.meta.Labels.Keys))
	}
	w.customers = append(w.customers, row.Customer)
	w.at = append(w.at, row.At)
	w.labels = append(w.labels, row.Label)
	w.draws = append(w.draws, row.Draw)
	w.keys = append(w.keys, row.Keys...)
	w.vectors = append(w.vectors, row.Vector...)
	if len(w.at) == groupRows {
		return w.flush()
	}
	return nil
}

// flush writes the rows collected as one row group, its columns side by side.
func (w *Writer) flush() error {
	if len(w.at) == 0 {
		return nil
	}
	rg := w.out.BeginRowGroup()
	group := new(errgroup.Group)
	group.SetLimit(runtime.GOMAXPROCS(0))
	columns := rg.ColumnWriters()
	const batch = 16
	for from := 0; from < len(columns); from += batch {
		group.Go(func() error {
			values := make([]parquet.Value, len(w.at))
			for c := from; c < min(from+batch, len(columns)); c++ {
				w.fill(c, values)
				if _, err := columns[c].WriteRowValues(values); err != nil {
					return err
				}
				if err := columns[c].Flush(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("write a row group: %w", err)
	}
	if _, err := rg.Commit(); err != nil {
		return fmt.Errorf("write a row group: %w", err)
	}
	w.customers, w.at, w.labels, w.draws = w.customers[:0], w.at[:0], w.labels[:0], w.draws[:0]
	w.keys, w.vectors = w.keys[:0], w.vectors[:0]
	return nil
}

// fill makes the values of column c of the rows collected.
func (w *Writer) fill(c int, values []parquet.Value) {
	keys := len(w.meta.Labels.Keys)
	head := 3
	if w.meta.Labels.Draws {
		head++
	}
	for i := range values {
		switch {
		case c >= head+keys:
			values[i] = parquet.FloatValue(w.vectors[i*w.width+c-head-keys])
		case c >= head:
			values[i] = text(w.keys[i*keys+c-head])
		case c == 0:
			values[i] = text(w.customers[i])
		case c == 1:
			values[i] = parquet.Int64Value(w.at[i])
		case c == 2:
			values[i] = parquet.FloatValue(w.labels[i])
		default:
			values[i] = parquet.Int32Value(w.draws[i])
		}
		values[i] = values[i].Level(0, 0, c)
	}
}

func text(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }

// Commit completes the file, with what the replay counted, and puts it under its name.
func (w *Writer) Commit(counts replay.Counts) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("complete the set: %w", err), w.Abort())
		}
	}()
	if err := w.flush(); err != nil {
		return err
	}
	w.meta.Counts = counts
	if err := w.meta.each(func(key string, field any) error {
		value, err := json.Marshal(field)
		w.out.SetKeyValueMetadata(key, string(value))
		return err
	}); err != nil {
		return err
	}
	if err := w.out.Close(); err != nil {
		return err
	}
	if err := w.file.Chmod(0o644); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	return os.Rename(w.file.Name(), w.path)
}

// Abort removes what was written. After a Commit it does nothing.
func (w *Writer) Abort() error {
	err := w.file.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	if remove := os.Remove(w.file.Name()); remove != nil && !errors.Is(remove, os.ErrNotExist) {
		err = errors.Join(err, remove)
	}
	return err
}
