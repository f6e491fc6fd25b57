package aggregate

import (
	"encoding/binary"
	"errors"
)

// ErrCorrupt is what decoding ends with when the bytes are not what an encoder wrote.
var ErrCorrupt = errors.New("state bytes are corrupt")

// Reader takes encoded values off a slice. After the first error it yields zeros, so callers check once, at the end; a count is
// never believed beyond the bytes that could hold it.
type Reader struct {
	buf []byte
	err error
}

// NewReader reads buf, which it does not keep parts of.
func NewReader(buf []byte) *Reader { return &Reader{buf: buf} }

// Init makes an existing reader read buf.
func (r *Reader) Init(buf []byte) { *r = Reader{buf: buf} }

// Err is ErrCorrupt when anything read so far was.
func (r *Reader) Err() error { return r.err }

// Len is how many bytes are left.
func (r *Reader) Len() int { return len(r.buf) }

// Fail marks the bytes as corrupt.
func (r *Reader) Fail() { r.err, r.buf = ErrCorrupt, nil }

// Byte takes one byte.
func (r *Reader) Byte() byte {
	if len(r.buf) == 0 {
		r.Fail()
		return 0
	}
	b := r.buf[0]
	r.buf = r.buf[1:]
	return b
}

// Uint takes an unsigned varint, only in its shortest form, so that every value has one encoding.
func (r *Reader) Uint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 || (n > 1 && r.buf[n-1] == 0) {
		r.Fail()
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

// Int takes a signed (zigzag) varint.
func (r *Reader) Int() int64 {
	u := r.Uint()
	return int64(u>>1) ^ -int64(u&1)
}

// Count takes the number of elements to follow, each of which takes at least size bytes; more than limit is corrupt.
func (r *Reader) Count(limit, size int) int {
	n := r.Uint()
	if n > uint64(limit) || n*uint64(size) > uint64(len(r.buf)) {
		r.Fail()
		return 0
	}
	return int(n)
}

// Uint32 takes four bytes, little-endian.
func (r *Reader) Uint32() uint32 {
	b := r.Bytes(4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// Uint64 takes eight bytes, little-endian.
func (r *Reader) Uint64() uint64 {
	b := r.Bytes(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// Bytes takes n bytes; the result aliases the input.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 || n > len(r.buf) {
		r.Fail()
		return nil
	}
	b := r.buf[:n:n]
	r.buf = r.buf[n:]
	return b
}

// before takes a time written as its distance back from base.
func (r *Reader) before(base int64) int64 {
	d := r.Uint()
	if d > maxAge {
		r.Fail()
		return base
	}
	return base - int64(d)
}

// maxAge bounds a distance in time: 400 years of milliseconds, more than events may be apart.
const maxAge = 400 * 366 * 24 * 3600 * 1000

func appendBefore(dst []byte, base, at int64) []byte {
	return binary.AppendUvarint(dst, uint64(base-at))
}
