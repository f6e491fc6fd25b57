package archive

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	segmentPrefix = "segment-"
	segmentSuffix = ".jsonl.zst"
	// unfinished ends the name of a file that is still being written.
	unfinished = ".tmp"
)

func (a *Archive) path(number int) string { return segmentPath(a.dir, number) }

func segmentPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%s%08d%s", segmentPrefix, number, segmentSuffix))
}

func segmentNumber(name string) (int, bool) {
	digits, hasPrefix := strings.CutPrefix(name, segmentPrefix)
	digits, hasSuffix := strings.CutSuffix(digits, segmentSuffix)
	number, err := strconv.Atoi(digits)
	return number, hasPrefix && hasSuffix && err == nil
}

// segmentWriter writes a segment under a temporary name.
type segmentWriter struct {
	path  string
	file  *os.File
	zstd  *zstd.Encoder
	lines *json.Encoder
	size  int // bytes before compression
}

func createSegment(path string) (*segmentWriter, error) {
	f, err := os.OpenFile(path+unfinished, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	w := &segmentWriter{path: path, file: f, zstd: z}
	w.lines = json.NewEncoder(w)
	w.lines.SetEscapeHTML(false)
	return w, nil
}

// Write compresses a line of the segment.
func (w *segmentWriter) Write(line []byte) (int, error) {
	w.size += len(line)
	return w.zstd.Write(line)
}

func (w *segmentWriter) write(e Entry) error { return w.lines.Encode(lineOf(e)) }

// finish gives the segment its name, once all of it is on disk.
func (w *segmentWriter) finish() error {
	if err := w.zstd.Close(); err != nil {
		return errors.Join(err, w.file.Close(), os.Remove(w.file.Name()))
	}
	return finish(w.file, w.path)
}

func (w *segmentWriter) abandon() error {
	_ = w.zstd.Close() // what it says of a file that is thrown away does not matter
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}

// finish syncs and closes a file, renames it to path, and syncs the folder, without which the name could be lost.
func finish(f *os.File, path string) error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// readSegment yields the entries of one segment.
func readSegment(path string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer func() { _ = f.Close() }()
		z, err := zstd.NewReader(bufio.NewReader(f), zstd.WithDecoderConcurrency(1))
		if err != nil {
			yield(Entry{}, fmt.Errorf("%s: %w", filepath.Base(path), err))
			return
		}
		defer z.Close()
		for e, err := range readLines(z) {
			if err != nil {
				err = fmt.Errorf("%s: %w", filepath.Base(path), err)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func readLines(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		lines := json.NewDecoder(r)
		for n := 1; ; n++ {
			var l line
			err := lines.Decode(&l)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("entry %d: %w", n, err))
				return
			}
			if !yield(l.entry(), nil) {
				return
			}
		}
	}
}
