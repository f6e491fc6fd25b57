package label

import (
	"math"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// points is where the points of a customer lie.
type points struct {
	kind        pointsKind
	from, until int64     // Unix milliseconds, the first included, the second not
	having      selectors // nil: anything
	at          []int64   // instants of the calendar, ascending
	after       selectors
	skipFirst   bool
	before      selectors
	perSession  int
	seed        uint64
}

// The bounds that hold when a file gives none.
const (
	always  = math.MinInt64
	forever = math.MaxInt64
)

type pointsKind uint8

const (
	noPoints pointsKind = iota
	calendarPoints
	eventPoints
	prefixPoints
	lastPoint
)

// pointsOf reads where the points lie.
func (p *parser) pointsOf() {
	w, pts := &p.f.Points, &p.d.points
	kinds := 0
	for _, kind := range []struct {
		given bool
		kind  pointsKind
	}{{w.Every.given(), calendarPoints}, {w.At.given(), calendarPoints}, {w.After.given(), eventPoints}, {w.RandomPrefixOf != "", prefixPoints}} {
		if kind.given {
			pts.kind = kind.kind
			kinds++
		}
	}
	if kinds != 1 {
		p.fail("points", "expected exactly one of every, at, after and random_prefix_of")
		return
	}
	p.bounds()
	if w.Having.given() {
		pts.having = p.selectorsOf(w.Having.at, "points.having", node{})
	}
	switch {
	case w.Every.given():
		p.grid()
	case w.At.given():
		p.instants()
	case w.After.given():
		pts.after = p.selectorsOf(w.After.at, "points.after", node{})
		pts.skipFirst = w.SkipFirst
	default:
		p.prefixPoints()
	}
	p.misplaced()
}

// misplaced finds what is said of points of another kind.
func (p *parser) misplaced() {
	w, kind := &p.f.Points, p.d.points.kind
	if w.SkipFirst && kind != eventPoints {
		p.fail("points.skip_first", "goes with after only")
	}
	if kind == prefixPoints {
		return
	}
	if w.Before.given() {
		p.at(w.Before.at, "points.before", "goes with random_prefix_of only")
	}
	if w.PerSession != nil || w.Seed != nil {
		p.fail("points", "per_session and seed go with random_prefix_of only")
	}
}

func (p *parser) bounds() {
	pts := &p.d.points
	pts.from, pts.until = always, forever
	if n := p.f.Points.From; n.given() {
		if t, ok := p.instant(n.at, "points.from"); ok {
			pts.from = t.UnixMilli()
		}
	}
	if n := p.f.Points.Until; n.given() {
		if t, ok := p.instant(n.at, "points.until"); ok {
			pts.until = t.UnixMilli()
		}
		if pts.until <= pts.from {
			p.at(n.at, "points.until", "has to be after from")
		}
	}
}

// grid lists instants at equal distances; whole days keep to the clock of the time zone.
func (p *parser) grid() {
	w, pts := &p.f.Points, &p.d.points
	step := p.duration(w.Every.at, "points.every")
	if !w.From.given() || !w.Until.given() {
		p.at(w.Every.at, "points.every", "needs from and until")
	}
	if len(p.Errors.Errors) > 0 {
		return
	}
	const day = 24 * time.Hour
	start := time.UnixMilli(pts.from).In(p.zone)
	for k := 0; ; k++ {
		at := start.Add(time.Duration(k) * step)
		if step%day == 0 {
			at = start.AddDate(0, 0, k*int(step/day))
		}
		if at.UnixMilli() >= pts.until {
			return
		}
		if k == maxInstants {
			p.at(w.Every.at, "points.every", "makes more than %d instants", maxInstants)
			return
		}
		pts.at = append(pts.at, at.UnixMilli())
	}
}

func (p *parser) instants() {
	n := p.f.Points.At.at
	for _, one := range elements(n) {
		if t, ok := p.instant(one, "points.at"); ok {
			p.d.points.at = append(p.d.points.at, t.UnixMilli())
		}
	}
	slices.Sort(p.d.points.at)
	p.d.points.at = slices.Compact(p.d.points.at)
	if count := len(p.d.points.at); count == 0 || count > maxInstants {
		p.at(n, "points.at", "expected 1 to %d instants", maxInstants)
	}
}

func (p *parser) prefixPoints() {
	w, pts := &p.f.Points, &p.d.points
	if w.RandomPrefixOf != "session" {
		p.fail("points.random_prefix_of", "expected session, got %q", w.RandomPrefixOf)
	}
	if p.d.session == nil {
		p.fail("points.random_prefix_of", "needs session: what a session is")
	}
	if w.Before.given() {
		pts.before = p.selectorsOf(w.Before.at, "points.before", node{})
	}
	pts.perSession = 1
	if w.PerSession != nil {
		pts.perSession = *w.PerSession
	}
	if pts.perSession < 1 || pts.perSession > maxDraws {
		p.fail("points.per_session", "expected a number from 1 to %d", maxDraws)
	}
	if w.Seed == nil {
		p.fail("points.seed", "is required, so that the draws can be made again")
	} else {
		pts.seed = *w.Seed
	}
}

// horizonOf reads how far after a point the answer may lie.
func (p *parser) horizonOf(n ast.Node) {
	h := &p.d.horizon
	if _, ok := n.(ast.MapNode); !ok {
		if text, ok := p.text(n, "horizon"); ok && text == "session_end" {
			h.kind = sessionEnd
			return
		}
	}
	var written struct {
		Duration   node `yaml:"duration"`
		SessionEnd bool `yaml:"session_end"`
		Next       *struct {
			Event   node `yaml:"event"`
			N       int  `yaml:"n"`
			AtLeast *int `yaml:"at_least"`
		} `yaml:"next"`
	}
	if err := yaml.NodeToValue(n, &written, yaml.Strict()); err != nil {
		p.yaml("horizon", err)
		return
	}
	switch next := written.Next; {
	case written.Duration.given() && next == nil && !written.SessionEnd:
		h.kind, h.duration = duration, p.duration(written.Duration.at, "horizon.duration").Milliseconds()
	case written.SessionEnd && next == nil && !written.Duration.given():
		h.kind = sessionEnd
	case next != nil && next.Event.given() && !written.Duration.given() && !written.SessionEnd:
		h.kind, h.n, h.atLeast = nextEvents, next.N, next.N
		h.next = p.selectorsOf(next.Event.at, "horizon.next.event", node{})
		if next.AtLeast != nil {
			h.atLeast = *next.AtLeast
		}
		if h.n < 1 || h.n > maxNext || h.atLeast < 1 || h.atLeast > h.n {
			p.at(n, "horizon.next", "expected n from 1 to %d, and at_least from 1 to n", maxNext)
		}
	default:
		p.at(n, "horizon", "expected one of {duration: …}, session_end, and {next: {event: …, n: …}}")
	}
}
