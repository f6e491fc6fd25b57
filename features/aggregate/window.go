package aggregate

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// exact is how many of the newest events a window keeps one by one.
const exact = 16

type entry struct {
	at    int64
	value int64
}

func (e entry) less(f entry) bool { return e.at < f.at || e.at == f.at && e.value < f.value }

// window answers count, sum, mean, min and max over any of its spec's windows. The newest events are kept exactly, so that rules
// such as "twice in 30 minutes" are exact; older ones are spilled into tiles, and a window's edge is then right to one tile.
type window struct {
	n       int
	entries [exact]entry // ascending by time, then value
	tiles   []tile       // ascending by start, not overlapping
}

func (w *window) newest() int64 { return w.entries[w.n-1].at }

// Add implements Aggregate.
func (w *window) Add(s *Spec, in *Input) {
	v := in.Value
	if s.Kind == Count {
		v = 0
	} else if v == Missing {
		return
	}
	w.insert(s, entry{at: in.At, value: v})
}

func (w *window) insert(s *Spec, e entry) {
	if w.n == 0 {
		w.place(e)
		return
	}
	before := w.newest()
	if !s.alive(e.at, before) {
		return
	}
	switch {
	case w.n < exact:
		w.place(e)
	case e.less(w.entries[0]):
		w.spill(s, e)
	default:
		oldest := w.entries[0]
		copy(w.entries[:], w.entries[1:])
		w.n--
		w.place(e)
		w.spill(s, oldest)
	}
	w.age(s, before)
}

// place puts an entry where it belongs among those kept; there is room.
func (w *window) place(e entry) {
	i := w.n
	for ; i > 0 && e.less(w.entries[i-1]); i-- {
		w.entries[i] = w.entries[i-1]
	}
	w.entries[i] = e
	w.n++
}

func (w *window) spill(s *Spec, e entry) {
	start, width := s.place(e.at, w.newest())
	i := len(w.tiles)
	for ; i > 0 && w.tiles[i-1].start > start; i-- {
	}
	if i > 0 && w.tiles[i-1].start == start && w.tiles[i-1].width == width {
		w.tiles[i-1].add(e.value)
		return
	}
	t := tile{start: start, width: width}
	t.add(e.value)
	w.tiles = slices.Insert(w.tiles, i, t)
}

// age drops what no window can reach any more and rolls tiles up. Windows are multiples of the finest width, so nothing changes
// until the newest event enters another tile.
func (w *window) age(s *Spec, before int64) {
	newest, finest := w.newest(), s.levels[0].width
	if newest == before || floor(before, finest) == floor(newest, finest) {
		return
	}
	drop := 0
	for !s.alive(w.entries[drop].at, newest) {
		drop++
	}
	if drop > 0 {
		copy(w.entries[:], w.entries[drop:w.n])
		w.n -= drop
	}
	if len(w.tiles) > 0 {
		w.tiles = s.roll(w.tiles[:0], w.tiles, newest)
	}
}

// Read implements Aggregate. Windows ascend, so one walk from the newest event back serves them all.
func (w *window) Read(s *Spec, now Instant, out []float32) {
	var p partial
	e, t, next := w.n-1, len(w.tiles)-1, 0
	for i, length := range s.Windows {
		from := now.Millis - length
		for ; e >= 0 && w.entries[e].at > from; e-- {
			p.add(w.entries[e].value)
		}
		for ; t >= 0 && w.tiles[t].start+w.tiles[t].width/2 > from; t-- {
			p.merge(&w.tiles[t].partial)
		}
		for ; next < len(s.Outputs) && s.Outputs[next].Pick == i; next++ {
			out[s.Outputs[next].Column] = p.result(s.Kind)
		}
	}
}

// Merge implements Aggregate.
func (w *window) Merge(s *Spec, other Aggregate) {
	o := other.(*window)
	if o.n == 0 {
		return
	}
	if w.n > 0 && w.newest() >= o.newest() {
		w.absorb(s, o)
		return
	}
	older := *w
	older.tiles = slices.Clone(w.tiles)
	w.n, w.entries = o.n, o.entries
	w.tiles = append(w.tiles[:0], o.tiles...)
	w.absorb(s, &older)
}

// absorb takes in an aggregate whose newest event is not newer.
func (w *window) absorb(s *Spec, o *window) {
	for _, e := range o.entries[:o.n] {
		w.insert(s, e)
	}
	if len(o.tiles) == 0 {
		return
	}
	all := append(slices.Clone(w.tiles), o.tiles...)
	slices.SortFunc(all, func(a, b tile) int { return cmp.Compare(a.start, b.start) })
	w.tiles = s.roll(w.tiles[:0], all, w.newest())
}

// Empty implements Aggregate.
func (w *window) Empty() bool { return w.n == 0 }

// Reset implements Aggregate.
func (w *window) Reset() { w.n, w.tiles = 0, w.tiles[:0] }

// maxTiles bounds what decoding believes; the levels of a window make at most some hundred.
const maxTiles = 4096

// Append implements Aggregate: newest entry first, each time as the distance from the one after it; then the tiles, newest first,
// each as its level, its distance in widths, and its partial.
func (w *window) Append(s *Spec, dst []byte, base int64) []byte {
	dst = append(dst, byte(w.n))
	for i := w.n - 1; i >= 0; i-- {
		dst = appendBefore(dst, base, w.entries[i].at)
		base = w.entries[i].at
		if s.Kind != Count {
			dst = binary.AppendVarint(dst, w.entries[i].value)
		}
	}
	if len(w.tiles) == 0 {
		return dst
	}
	base = w.newest()
	for i := len(w.tiles) - 1; i >= 0; i-- {
		t := &w.tiles[i]
		l := slices.IndexFunc(s.levels, func(l level) bool { return l.width == t.width })
		back := (floor(base, t.width) - t.start) / t.width
		dst = binary.AppendUvarint(dst, uint64(back)<<3|uint64(l))
		dst = t.append(s.Kind, dst)
	}
	return dst
}

// Decode implements Aggregate.
func (w *window) Decode(s *Spec, r *Reader, base int64) {
	w.Reset()
	n := int(r.Byte())
	if n == 0 || n > exact {
		r.Fail()
		return
	}
	w.n = n
	for i := n - 1; i >= 0; i-- {
		base = r.before(base)
		e := entry{at: base}
		if s.Kind != Count {
			if e.value = r.Int(); e.value == Missing {
				r.Fail()
			}
		}
		w.entries[i] = e
		if i < n-1 && w.entries[i+1].less(e) {
			r.Fail()
		}
	}
	base = w.newest()
	for r.Len() > 0 && r.Err() == nil {
		u := r.Uint()
		l, back := int(u&7), u>>3
		if l >= len(s.levels) || back > maxAge/1000 || len(w.tiles) >= maxTiles {
			r.Fail()
			return
		}
		t := tile{width: s.levels[l].width}
		t.start = floor(base, t.width) - int64(back)*t.width
		t.decode(s.Kind, r)
		if start, width := s.place(t.start, base); start != t.start || width != t.width || !s.alive(t.start, base) {
			r.Fail()
			return
		}
		if m := len(w.tiles); m > 0 && w.tiles[m-1].start <= t.start {
			r.Fail()
			return
		}
		w.tiles = append(w.tiles, t)
	}
	slices.Reverse(w.tiles)
	if !s.alive(w.entries[0].at, base) || (n < exact && len(w.tiles) > 0) {
		r.Fail()
	}
	if r.Err() != nil {
		w.Reset()
	}
}

func (p *partial) append(k Kind, dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.n))
	switch k {
	case Sum, Mean:
		dst = binary.AppendVarint(dst, p.sum)
	case Min:
		dst = binary.AppendVarint(dst, p.min)
	case Max:
		dst = binary.AppendVarint(dst, p.max)
	}
	return dst
}

func (p *partial) decode(k Kind, r *Reader) {
	n := r.Uint()
	if n == 0 || n > 1<<40 {
		r.Fail()
		return
	}
	p.n = int64(n)
	switch k {
	case Sum, Mean:
		p.sum = r.Int()
	case Min:
		p.min = r.Int()
	case Max:
		p.max = r.Int()
	}
}
