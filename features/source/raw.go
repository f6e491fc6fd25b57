package source

import (
	"encoding/binary"
	"errors"
)

// A raw row is what the scan hands to the decoders: the row's place, then its bytes as they stand in the file. Of a group, every
// row is preceded by its line and length.

func appendPlace(dst []byte, p *place, blocks bool) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.file))
	dst = binary.AppendUvarint(dst, uint64(p.line))
	if blocks {
		dst = binary.AppendUvarint(dst, uint64(p.block))
		dst = binary.AppendUvarint(dst, uint64(p.index))
		dst = appendText(dst, p.head)
	}
	return dst
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func appendMember(dst []byte, line int64, body []byte) []byte {
	return appendText(binary.AppendUvarint(dst, uint64(line)), body)
}

var errNotRaw = errors.New("not a raw row of this source")

// rawReader takes a raw row apart; once something is wrong it gives zeros and keeps the error.
type rawReader struct {
	rest []byte
	err  error
}

func (r *rawReader) number() int64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > 1<<62 {
		r.err, r.rest = errNotRaw, nil
		return 0
	}
	r.rest = r.rest[size:]
	return int64(n)
}

func (r *rawReader) text() []byte {
	n := r.number()
	if n > int64(len(r.rest)) {
		r.err, r.rest = errNotRaw, nil
		return nil
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

func (r *rawReader) place(p *place, blocks bool) {
	p.file, p.line = int(r.number()), r.number()
	if blocks {
		p.block, p.index = r.number(), r.number()
		p.head = string(r.text())
	}
}
