package replay

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/label"
)

// reader reads a vector at every point of a customer.
type reader struct {
	folder
	finder  *label.Finder
	results *spool
	vector  []float32
	piece   []byte // the results of the bucket
}

func (r *reader) customer(id string, events []event.Event) error {
	events = r.unique(events)
	points := r.finder.Points(id, events)
	if len(points) == 0 {
		return nil
	}
	inOrder := slices.IsSortedFunc(events, func(a, b event.Event) int { return int(label.KnownAt(&a) - label.KnownAt(&b)) })
	r.state.Reset()
	folded := 0
	for i := range points {
		p := &points[i]
		switch {
		case p.After != label.Calendar:
			r.fold(events[folded : p.After+1])
			folded = p.After + 1
		case inOrder:
			from := folded
			for folded < len(events) && label.KnownAt(&events[folded]) <= p.At {
				folded++
			}
			r.fold(events[from:folded])
		default:
			r.refold(events, p.At)
		}
		if err := r.read(id, events, p); err != nil {
			return err
		}
	}
	return nil
}

// refold makes the state of what was known at an instant out of events that did not arrive in order.
func (r *reader) refold(events []event.Event, at int64) {
	r.state.Reset()
	for i := range events {
		if label.KnownAt(&events[i]) <= at {
			r.fs.Fold(r.state, &events[i])
		}
	}
}

// read adds a result: the vector at the point. The facts of the moment are those of the event at the point.
func (r *reader) read(id string, events []event.Event, p *label.Point) error {
	var moment features.Moment
	if p.After != label.Calendar {
		moment = features.MomentOf(&events[p.After])
	}
	if err := r.fs.Read(r.state, p.At, &moment, r.vector); err != nil {
		return err
	}
	r.piece = appendResult(r.piece, id, p, r.vector)
	return nil
}

func (r *reader) bucket(n int) error {
	if len(r.piece) == 0 {
		return nil
	}
	piece := bytes.Clone(r.piece)
	r.piece = r.piece[:0]
	return r.results.add(n, piece)
}

// appendResult writes what a point gave. Both ends know the number of keys and the width of the vector.
func appendResult(dst []byte, id string, p *label.Point, vector []float32) []byte {
	dst = appendPart(dst, id)
	dst = binary.AppendVarint(dst, p.At)
	dst = binary.AppendVarint(dst, p.Ends)
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(p.Label))
	dst = binary.AppendUvarint(dst, uint64(p.Draw))
	for _, key := range p.Keys {
		dst = appendPart(dst, key)
	}
	for _, v := range vector {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

func appendPart[T string | []byte](dst []byte, part T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(part))), part...)
}

// decodeResult reads a result back into a row that has room for it, and returns what follows and the end of the point's horizon.
func decodeResult(b []byte, row *Row) (rest []byte, ends int64) {
	var text []byte
	if text, b = part(b); string(text) != row.Customer {
		row.Customer = string(text)
	}
	row.At, b = varint(b)
	ends, b = varint(b)
	row.Label, b = math.Float32frombits(binary.LittleEndian.Uint32(b)), b[4:]
	draw, size := binary.Uvarint(b)
	row.Draw, b = int32(draw), b[size:]
	for k := range row.Keys {
		text, b = part(b)
		row.Keys[k] = string(text)
	}
	for i := range row.Vector {
		row.Vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return b[4*len(row.Vector):], ends
}

func varint(b []byte) (int64, []byte) {
	v, size := binary.Varint(b)
	return v, b[size:]
}
