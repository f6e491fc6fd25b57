package source

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// csvRows are the rows of a CSV or TSV file after RFC 4180: a field in quotes may hold separators, quotes (doubled) and line ends.
type csvRows struct {
	lines     *lineReader
	separator byte
	joined    []byte
}

func (c *csvRows) next(row *rawRow) error {
	line, err := c.lines.next()
	for err == nil && len(line) == 0 {
		line, err = c.lines.next()
	}
	if err != nil {
		return located(err, c.lines.line)
	}
	row.body, row.quoted, row.place.line = line, bytes.IndexByte(line, '"') >= 0, c.lines.line
	if !row.quoted {
		return nil
	}
	return c.join(row)
}

// join goes on reading while a quoted field is open at the end of the line.
func (c *csvRows) join(row *rawRow) error {
	q := quoting{separator: c.separator}
	if !q.open(row.body) {
		return nil
	}
	c.joined = append(c.joined[:0], row.body...)
	for open := true; open; {
		line, err := c.lines.next()
		if err != nil {
			return &RowError{Line: row.place.line, Message: "a quoted field has no end"}
		}
		if len(c.joined)+len(line) >= maxRow {
			return located(errLongRow, row.place.line)
		}
		open = q.open(line)
		c.joined = append(append(c.joined, '\n'), line...)
	}
	row.body = c.joined
	return nil
}

// quoting tells, line by line, whether a quoted field is open.
type quoting struct {
	separator byte
	within    bool
}

func (q *quoting) open(line []byte) bool {
	start := !q.within
	for len(line) > 0 {
		switch {
		case q.within:
			end := bytes.IndexByte(line, '"')
			if end < 0 {
				return true
			}
			line = line[end+1:]
			if len(line) > 0 && line[0] == '"' {
				line = line[1:]
			} else {
				q.within = false
			}
		case start && line[0] == '"':
			q.within, start, line = true, false, line[1:]
		default:
			next := bytes.IndexByte(line, q.separator)
			if next < 0 {
				return false
			}
			start, line = true, line[next+1:]
		}
	}
	return q.within
}

// table says which column of a file is which of the mapping.
type table struct {
	separator byte
	quotes    bool
	slots     []int // of each column of the file: the mapping's, or -1
	positions []int // of each column of the mapping: the file's
}

// newTable matches the header of a file with the mapping's columns.
func newTable(header, columns []string) (table, error) {
	t := table{slots: make([]int, len(header)), positions: make([]int, len(columns))}
	at := make(map[string]int, len(header))
	for i, name := range header {
		if _, twice := at[name]; twice {
			return table{}, fmt.Errorf("the header has the column %q twice", name)
		}
		at[name], t.slots[i] = i, -1
	}
	for i, name := range columns {
		position, ok := at[name]
		if !ok {
			return table{}, fmt.Errorf("the header has no column %q%s", name, yamlfile.DidYouMean(name, header))
		}
		t.positions[i], t.slots[position] = position, i
	}
	return t, nil
}

// field is one column of a row without quotes, found without looking at those after it; nil when the row is too short.
func (t *table) field(row []byte, column int) []byte {
	for range t.positions[column] {
		next := bytes.IndexByte(row, t.separator)
		if next < 0 {
			return nil
		}
		row = row[next+1:]
	}
	if end := bytes.IndexByte(row, t.separator); end >= 0 {
		row = row[:end]
	}
	return row
}

// split puts the columns of a row that the mapping uses into fields.
func (t *table) split(row string, fields []string) error {
	for column, more := 0, true; ; column++ {
		var field string
		if t.quotes && row != "" && row[0] == '"' {
			var err error
			if field, row, more, err = unquote(row, t.separator); err != nil {
				return &RowError{Message: fmt.Sprintf("field %d: %v", column+1, err)}
			}
		} else if end := strings.IndexByte(row, t.separator); end >= 0 {
			field, row = row[:end], row[end+1:]
		} else {
			field, more = row, false
		}
		if column == len(t.slots) || !more && column+1 < len(t.slots) {
			return &RowError{Message: fmt.Sprintf("expected %d fields, found %d", len(t.slots), column+1+restFields(row, more, t.separator))}
		}
		if slot := t.slots[column]; slot >= 0 {
			fields[slot] = field
		}
		if !more {
			return nil
		}
	}
}

// restFields roughly counts the fields that nobody reads any more, for a message.
func restFields(row string, more bool, separator byte) int {
	if !more {
		return 0
	}
	return strings.Count(row, string(separator)) + 1
}

// unquote reads a field in quotes from the beginning of a row.
func unquote(row string, separator byte) (field, rest string, more bool, err error) {
	doubled := false
	for i := 1; ; i++ {
		next := strings.IndexByte(row[i:], '"')
		if next < 0 {
			return "", "", false, fmt.Errorf("a quoted field has no end")
		}
		i += next
		if i+1 < len(row) && row[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		field, rest = row[1:i], row[i+1:]
		break
	}
	if doubled {
		field = strings.ReplaceAll(field, `""`, `"`)
	}
	if rest == "" {
		return field, "", false, nil
	}
	if rest[0] != separator {
		return "", "", false, fmt.Errorf("expected a separator after the closing quote")
	}
	return field, rest[1:], true, nil
}
