package httpapi

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonObject appends the members of an object whose brace is open.
type jsonObject struct {
	dst  []byte
	some bool
}

func (w *jsonObject) key(name string) {
	if w.some {
		w.dst = append(w.dst, ',')
	}
	w.some = true
	w.dst = append(append(append(w.dst, '"'), name...), `":`...)
}

// text writes UTF-8 as it is and what is none as the replacement character.
func (w *jsonObject) text(name, value string) {
	w.key(name)
	w.dst, _ = jsontext.AppendQuote(w.dst, value)
}

func (w *jsonObject) integer(name string, value int) {
	w.key(name)
	w.dst = strconv.AppendInt(w.dst, int64(value), 10)
}

func (w *jsonObject) integers(name string, values []int) {
	w.key(name)
	w.dst = append(w.dst, '[')
	for i, v := range values {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.dst = strconv.AppendInt(w.dst, int64(v), 10)
	}
	w.dst = append(w.dst, ']')
}

func (w *jsonObject) texts(name string, values []string) {
	w.key(name)
	w.dst = append(w.dst, '[')
	for i, v := range values {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.dst, _ = jsontext.AppendQuote(w.dst, v)
	}
	w.dst = append(w.dst, ']')
}
