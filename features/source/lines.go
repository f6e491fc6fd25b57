package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxRow bounds a row in bytes, so that a missing quote or a binary file cannot fill the memory.
const maxRow = 1 << 20

// rawRow is a row as it stands in a file. The body is valid until the next row is read.
type rawRow struct {
	place  place
	body   []byte
	quoted bool // has a quote somewhere, so fields must be taken apart with care
}

// rowReader finds the rows of one file. An error that is a *RowError concerns one row, and reading may go on; io.EOF is the end.
type rowReader interface {
	next(*rawRow) error
}

// lineReader splits a file into lines.
type lineReader struct {
	r    *bufio.Reader
	line int64 // of the line returned last, from 1
	long []byte
}

func newLineReader(r io.Reader) *lineReader {
	l := &lineReader{r: bufio.NewReaderSize(r, 256<<10)}
	if bom, _ := l.r.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = l.r.Discard(3) // it was peeked, so it is there
	}
	return l
}

var errLongRow = &RowError{Message: fmt.Sprintf("the row has more than %d bytes", maxRow)}

// next returns a line without its end, valid until the next call.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.readLong(line)
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	if err != nil && err != errLongRow {
		return nil, err
	}
	l.line++
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), nil
}

func (l *lineReader) readLong(start []byte) ([]byte, error) {
	l.long = append(l.long[:0], start...)
	tooLong := false
	for {
		more, err := l.r.ReadSlice('\n')
		if len(l.long)+len(more) > maxRow {
			tooLong = true
		} else {
			l.long = append(l.long, more...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || err == io.EOF):
			return nil, errLongRow
		}
		return l.long, err
	}
}

// plainLines are the rows of a file with one row a line, such as JSONL. Empty lines are none.
type plainLines struct{ lines *lineReader }

func (p plainLines) next(row *rawRow) error {
	for {
		line, err := p.lines.next()
		if err != nil {
			return located(err, p.lines.line)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			row.body, row.place.line = line, p.lines.line
			return nil
		}
	}
}

// blockLines are the rows of a blocks file.
type blockLines struct {
	lines *lineReader
	place place
	open  bool
}

func (b *blockLines) next(row *rawRow) error {
	for {
		line, err := b.lines.next()
		switch {
		case err != nil:
			return located(err, b.lines.line)
		case len(line) == 0:
			b.open = false
		case !b.open:
			b.open = true
			b.place = place{block: b.place.block + 1, head: string(line)}
		default:
			b.place.index++
			b.place.line = b.lines.line
			row.place, row.body = b.place, line
			return nil
		}
	}
}

// located gives the complaint about a row its line.
func located(err error, line int64) error {
	var re *RowError
	if errors.As(err, &re) {
		return &RowError{Line: line, Column: re.Column, Message: re.Message}
	}
	return err
}
