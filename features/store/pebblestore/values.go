package pebblestore

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

var errTruncated = errors.New("stored value is cut short")

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes a stored value apart; after a failure it returns zeros, and err says so.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.b)) {
		r.err = errTruncated
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.err = errTruncated
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) string() string { return string(r.take(r.uvarint())) }

// rest copies what is left, because pebble takes its buffers back.
func (r *reader) rest() []byte { return append([]byte{}, r.b...) }

func encodeEntry(id string, version uint64, rec store.Record) []byte {
	b := make([]byte, 0, len(id)+len(rec.Data)+2*binary.MaxVarintLen64)
	b = appendString(b, id)
	b = binary.AppendUvarint(b, version)
	b = append(b, byte(rec.Kind))
	return append(b, rec.Data...)
}

func decodeEntry(seq uint64, b []byte) (store.Entry, error) {
	r := reader{b: b}
	e := store.Entry{Cursor: cursor(seq), Customer: r.string(), Version: r.uvarint()}
	if kind := r.take(1); kind != nil {
		e.Kind = store.RecordKind(kind[0])
	}
	e.Data = r.rest()
	return e, r.err
}

// storedTimer is a timer and when it is next handed out, in milliseconds.
type storedTimer struct {
	next int64
	store.Timer
}

func encodeTimer(t storedTimer) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(t.next))
	b = binary.BigEndian.AppendUint64(b, uint64(t.Due.UnixMilli()))
	b = appendString(b, t.Customer)
	return append(b, t.Payload...)
}

func decodeTimer(name string, b []byte) (storedTimer, error) {
	r := reader{b: b}
	t := storedTimer{next: int64(r.uint64())}
	t.Due = time.UnixMilli(int64(r.uint64())).UTC()
	t.Customer, t.Name = r.string(), name
	t.Payload = r.rest()
	return t, r.err
}

func encodeLink(first uint64, id string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, first), id...)
}

func decodeLink(b []byte) (first uint64, id string, err error) {
	r := reader{b: b}
	first = r.uint64()
	return first, string(r.b), r.err
}
