package aggregate

import "errors"

// partial is what is kept of any number of events once their times are dropped. Partials of disjoint events merge.
type partial struct {
	n        int64
	sum      int64 // millionths
	min, max int64 // millionths; meaningful when n > 0
}

func (p *partial) add(v int64) {
	if p.n == 0 || v < p.min {
		p.min = v
	}
	if p.n == 0 || v > p.max {
		p.max = v
	}
	p.n++
	p.sum = addSaturating(p.sum, v)
}

func (p *partial) merge(q *partial) {
	if q.n == 0 {
		return
	}
	if p.n == 0 || q.min < p.min {
		p.min = q.min
	}
	if p.n == 0 || q.max > p.max {
		p.max = q.max
	}
	p.n += q.n
	p.sum = addSaturating(p.sum, q.sum)
}

func (p *partial) result(k Kind) float32 {
	switch k {
	case Count:
		return float32(p.n)
	case Sum:
		return toFloat(p.sum)
	}
	if p.n == 0 {
		return missing
	}
	switch k {
	case Mean:
		return float32(float64(p.sum) / million / float64(p.n))
	case Min:
		return toFloat(p.min)
	default:
		return toFloat(p.max)
	}
}

// tile holds the events of one stretch of time that are no longer kept one by one. Tiles begin at multiples of their width since
// 1970, so the same event always lands in the same tile.
type tile struct {
	start int64
	width int64
	partial
}

// level is one width of tiles: it serves the windows up to horizon, and is rolled up into the next level beyond it.
type level struct {
	width   int64
	horizon int64
}

// widths nest: each divides the next, so that fine tiles roll up into coarse ones without being cut.
var widths = [...]int64{1_000, 10_000, 60_000, 300_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000, 7 * 24 * 3_600_000}

// tileLevels picks for each window the widest tile that is at most a tenth of it, so an edge is off by a tenth at the most. All
// windows must be multiples of the finest width, so that what has left one window leaves on the beat of its tiles.
func tileLevels(windows []int64) ([]level, error) {
	var levels []level
	for _, w := range windows {
		width := widths[0]
		for _, c := range widths {
			if c <= w/10 && (len(levels) > 0 || w%c == 0) {
				width = c
			}
		}
		if n := len(levels); n > 0 && levels[n-1].width >= width {
			levels[n-1].horizon = w
			continue
		}
		levels = append(levels, level{width: width, horizon: w})
	}
	for i := len(widths) - 1; i >= 0; i-- {
		if widths[i] <= levels[0].width && dividesAll(widths[i], windows) {
			levels[0].width = widths[i]
			return levels, nil
		}
	}
	return nil, errors.New("windows must be whole seconds")
}

func dividesAll(width int64, windows []int64) bool {
	for _, w := range windows {
		if w%width != 0 {
			return false
		}
	}
	return true
}

// place finds the tile for an event at `at` when the newest event is at newest: the coarsest one that lies wholly beyond the
// windows of all finer levels. It depends on nothing else, so the order of arrival leaves no trace.
func (s *Spec) place(at, newest int64) (start, width int64) {
	for i := len(s.levels) - 1; i > 0; i-- {
		w := s.levels[i].width
		if start := floor(at, w); start+w <= newest-s.levels[i-1].horizon {
			return start, w
		}
	}
	w := s.levels[0].width
	return floor(at, w), w
}

func floor(at, width int64) int64 {
	q := at / width
	if at%width < 0 {
		q--
	}
	return q * width
}

// alive says whether an event can still count, now or later, when the newest is at newest. It asks for the coarsest tile rather
// than for the event, so that a tile lives and dies whole.
func (s *Spec) alive(at, newest int64) bool {
	width := s.levels[len(s.levels)-1].width
	return floor(at, width)+width > newest-s.Windows[len(s.Windows)-1]
}

// roll appends to dst the tiles, ascending, as they stand when the newest event is at newest: dead ones dropped, aged ones merged.
// dst may share tiles' memory.
func (s *Spec) roll(dst, tiles []tile, newest int64) []tile {
	for _, t := range tiles {
		if !s.alive(t.start, newest) {
			continue
		}
		t.start, t.width = s.place(t.start, newest)
		if n := len(dst); n > 0 && dst[n-1].start == t.start {
			dst[n-1].merge(&t.partial)
			continue
		}
		dst = append(dst, t)
	}
	return dst
}
