package reason

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// sentence is a template, compiled.
type sentence struct {
	wording  *wording
	segments []segment
}

// segment is a text, and what follows it.
type segment struct {
	text   string
	slot   string // n, times, span, percent, value, word, event; empty: nothing follows
	one    string // noun of 1
	many   string // noun of other numbers; empty: a number alone
	nouned bool
}

// compile reads a template. What fixed has a value for is filled in now, what a value is needed for when it is said.
func (w *wording) compile(template string, fixed map[string]string) sentence {
	s := sentence{wording: w}
	var text strings.Builder
	for template != "" {
		before, rest, open := strings.Cut(template, "{")
		text.WriteString(before)
		if !open {
			break
		}
		slot, after, _ := strings.Cut(rest, "}")
		template = after
		if value, ok := fixed[slot]; ok {
			text.WriteString(value)
			continue
		}
		seg := segment{text: text.String()}
		text.Reset()
		name, nouns, nouned := strings.Cut(slot, ":")
		seg.slot, seg.nouned = name, nouned
		seg.one, seg.many, _ = strings.Cut(nouns, "|")
		s.segments = append(s.segments, seg)
	}
	s.segments = append(s.segments, segment{text: text.String()})
	return s
}

// empty says whether there is nothing to say.
func (s *sentence) empty() bool { return s.wording == nil }

// append says the sentence of a number or a text; a number of a span is multiplied by scale to be seconds.
func (s *sentence) append(dst []byte, n float64, text string, scale float64) []byte {
	for i := range s.segments {
		seg := &s.segments[i]
		dst = append(dst, seg.text...)
		switch seg.slot {
		case "n":
			dst = seg.number(dst, n)
		case "times":
			dst = s.wording.times(dst, n)
		case "percent":
			dst = append(strconv.AppendFloat(dst, math.Round(n*100), 'f', 0, 64), '%')
		case "span":
			dst = s.wording.stretch(dst, n*scale)
		case "value", "word", "event":
			dst = append(dst, text...)
		}
	}
	return dst
}

func (seg *segment) number(dst []byte, n float64) []byte {
	dst = appendNumber(dst, n)
	switch {
	case !seg.nouned:
	case n == 1:
		dst = append(append(dst, ' '), seg.one...)
	default:
		dst = append(append(dst, ' '), seg.many...)
	}
	return dst
}

// appendNumber writes at most two decimals, and none of a large number.
func appendNumber(dst []byte, n float64) []byte {
	switch {
	case n == math.Trunc(n) || math.Abs(n) >= 1000:
		return strconv.AppendFloat(dst, math.Round(n), 'f', 0, 64)
	case math.Abs(n) >= 0.01:
		n = math.Round(n*100) / 100
	}
	return strconv.AppendFloat(dst, n, 'f', -1, 32)
}

func (w *wording) times(dst []byte, n float64) []byte {
	if n >= 0 && n < float64(len(w.often)-1) && n == math.Trunc(n) {
		return w.often[int(n)].append(dst, n, "", 1)
	}
	return w.often[len(w.often)-1].append(dst, n, "", 1)
}

// spans are the units of time, the largest first.
var spans = []struct {
	name   string
	length time.Duration
}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}, {"seconds", time.Second}}

// stretch says a number of seconds in the largest unit that it fills, twice or nearly once.
func (w *wording) stretch(dst []byte, seconds float64) []byte {
	for i := range spans {
		n := seconds / spans[i].length.Seconds()
		if n >= 2 || math.Abs(n-1) < 0.05 || i == len(spans)-1 {
			return w.spans[i].append(dst, math.Round(n), "", 1)
		}
	}
	return dst
}
