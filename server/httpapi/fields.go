package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/halfstep-ml/halfstep/features/event"
)

// body reads a JSON body token by token: strictly, and with errors that name the field.
type body struct {
	dec *jsontext.Decoder
	src bytes.Buffer
	raw []byte
}

func newBody() *body { return &body{dec: jsontext.NewDecoder(new(bytes.Buffer))} }

func (b *body) reset(raw []byte) {
	b.raw = raw
	b.src = *bytes.NewBuffer(raw)
	b.dec.Reset(&b.src)
}

func fieldError(field, format string, args ...any) error {
	return &event.FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// object reads an object. The member is told the name of each of its keys, and says whether it knows it; null is as good as absent.
func (b *body) object(path string, known []string, member func(key, field string) error) error {
	if b.dec.PeekKind() != '{' {
		return b.wrong(path, "an object")
	}
	if _, err := b.dec.ReadToken(); err != nil {
		return err
	}
	for b.dec.PeekKind() != '}' {
		token, err := b.dec.ReadToken()
		if err != nil {
			return err
		}
		key := token.String()
		if !slices.Contains(known, key) {
			return fieldError(join(path, key), "unknown field%s", suggest(key, known))
		}
		if b.dec.PeekKind() == 'n' {
			err = b.dec.SkipValue()
		} else {
			err = member(key, join(path, key))
		}
		if err != nil {
			return err
		}
	}
	_, err := b.dec.ReadToken()
	return err
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func suggest(key string, known []string) string {
	best, distance := "", 4
	for _, name := range known {
		if n := levenshtein.ComputeDistance(strings.ToLower(key), name); n < distance {
			best, distance = name, n
		}
	}
	if best == "" {
		return ", expected one of " + strings.Join(known, ", ")
	}
	return "; did you mean " + best + "?"
}

// list reads a list of at most limit elements.
func (b *body) list(field string, limit int, element func(i int, field string) error) error {
	if b.dec.PeekKind() != '[' {
		return b.wrong(field, "a list")
	}
	if _, err := b.dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; b.dec.PeekKind() != ']'; i++ {
		if i == limit {
			return fieldError(field, "has more than %d elements", limit)
		}
		if err := element(i, fmt.Sprintf("%s[%d]", field, i)); err != nil {
			return err
		}
	}
	_, err := b.dec.ReadToken()
	return err
}

// end refuses what follows the body's one value.
func (b *body) end() error {
	if _, err := b.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fieldError("", "unexpected data after the object")
	}
	return nil
}

// value returns the text of the next value, which is a part of the body.
func (b *body) value() ([]byte, error) {
	raw, err := b.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(b.dec.InputOffset())
	return b.raw[end-len(raw) : end], nil
}

func (b *body) text(field string, limit int) (string, error) {
	if b.dec.PeekKind() != '"' {
		return "", b.wrong(field, "a string")
	}
	token, err := b.dec.ReadToken()
	if err != nil {
		return "", err
	}
	s := token.String()
	return s, checkText(field, s, limit)
}

func checkText(field, s string, limit int) error {
	switch {
	case s == "":
		return fieldError(field, "must not be empty")
	case len(s) > limit:
		return fieldError(field, "has %d bytes, at most %d are accepted", len(s), limit)
	case strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return fieldError(field, "must not contain control characters")
	}
	return nil
}

func (b *body) truth(field string) (bool, error) {
	if k := b.dec.PeekKind(); k != 't' && k != 'f' {
		return false, b.wrong(field, "true or false")
	}
	token, err := b.dec.ReadToken()
	return err == nil && token.Bool(), err
}

func (b *body) integer(field string, least, most int) (int, error) {
	if b.dec.PeekKind() != '0' {
		return 0, b.wrong(field, "a whole number")
	}
	token, err := b.dec.ReadToken()
	if err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(token.String(), 64)
	if err != nil || f != math.Trunc(f) || f < float64(least) || f > float64(most) {
		return 0, fieldError(field, "expected a whole number from %d to %d, got %.40s", least, most, token.String())
	}
	return int(f), nil
}

func parseTime(field, s string) (int64, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return 0, fieldError(field, "expected an RFC 3339 time such as 2026-01-31T08:30:00Z, from 1970 to 2200, got %.40q", s)
	}
	return max(t.UnixMilli(), 1), nil
}

func (b *body) wrong(field, expected string) error {
	got := map[jsontext.Kind]string{'n': "null", 't': "true", 'f': "false", '"': "a string", '0': "a number", '{': "an object", '[': "a list"}[b.dec.PeekKind()]
	if got == "" {
		_, err := b.dec.ReadToken()
		if errors.Is(err, io.EOF) && field == "" {
			return fieldError("", "the body is empty; expected %s", expected)
		}
		return err
	}
	return fieldError(field, "expected %s, got %s", expected, got)
}
