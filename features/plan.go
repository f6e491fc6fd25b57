package features

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// aggregate compiles a definition that summarises events.
func (c *compiler) aggregate(d *definition) {
	kind, ok := aggregate.ParseKind(d.Aggregate)
	if !ok {
		names := aggregate.KindNames()
		slices.Sort(names)
		c.complain(d.node, "aggregate", "expected one of %s, got %q", strings.Join(names, ", "), d.Aggregate)
		return
	}
	before := len(c.doc.Problems)
	p := &plan{spec: aggregate.Spec{Kind: kind, K: d.K}, orderFree: kind.OrderFree()}
	c.bounds(d, p)
	if kind == aggregate.CartKind {
		c.cartSelections(d, p)
	} else {
		if len(d.On) == 0 {
			c.complain(d.node, "on", "feature %s: expected the events that it counts", d.Name)
		}
		p.on = c.selections(d, kind, d.On, "on")
		p.reset = c.selections(d, kind, d.ResetOn, "reset_on")
	}
	if len(c.doc.Problems) > before {
		return
	}
	c.identify(p)
	for _, other := range c.plans {
		if other.canonical == p.canonical {
			p = other
		}
	}
	if len(p.spec.Outputs) == 0 {
		c.plans = append(c.plans, p)
	}
	c.outputs(d, p)
}

// bounds checks and sets the numbers of a spec.
func (c *compiler) bounds(d *definition, p *plan) {
	kind := p.spec.Kind
	for _, w := range d.Windows {
		length, err := yamlfile.ParseDuration(w)
		if err != nil {
			c.complain(d.node, "windows", "%v", err)
			continue
		}
		p.spec.Windows = append(p.spec.Windows, length.Milliseconds())
	}
	if !slices.IsSorted(p.spec.Windows) || len(slices.Compact(slices.Clone(p.spec.Windows))) < len(p.spec.Windows) {
		c.complain(d.node, "windows", "expected windows from short to long, each once")
	}
	if kind == aggregate.LastK && (d.K < 1 || d.K > aggregate.MaxSeries) {
		c.complain(d.node, "k", "expected 1 to %d, got %d", aggregate.MaxSeries, d.K)
	}
	if kind != aggregate.LastK && (d.K != 0 || len(d.Outputs) > 0) {
		c.complain(d.node, "k", "k and outputs belong to aggregate last_k")
	}
	if len(d.ResetOn) > 0 && kind != aggregate.RunLength && kind != aggregate.Last {
		c.complain(d.node, "reset_on", "only run_length and last can be reset")
	}
	if kind == aggregate.DecayedSum {
		life, err := yamlfile.ParseDuration(d.HalfLife)
		if err != nil {
			c.complain(d.node, "half_life", "%v", err)
		}
		p.spec.HalfLife = life.Milliseconds()
	} else if d.HalfLife != "" {
		c.complain(d.node, "half_life", "belongs to aggregate decayed_sum")
	}
	if err := p.spec.Prepare(); err != nil {
		c.complain(d.node, "windows", "%v", err)
	}
}

func (c *compiler) cartSelections(d *definition, p *plan) {
	if len(d.On) > 0 || len(d.ResetOn) > 0 || d.Where != "" {
		c.complain(d.node, "on", "the cart follows its own events: %s", strings.Join(aggregate.CartEvents, ", "))
	}
	for _, name := range aggregate.CartEvents {
		p.on = append(p.on, selection{event: name, text: name})
	}
}

// identify gives a plan its canonical text and the key that its values are stored under. The zone and the session gap belong to it
// where they matter.
func (c *compiler) identify(p *plan) {
	var b strings.Builder
	fmt.Fprintf(&b, "kind=%d|windows=%v|k=%d|halflife=%d", p.spec.Kind, p.spec.Windows, p.spec.K, p.spec.HalfLife)
	sessions, local := false, p.spec.Kind == aggregate.StreakDays
	for _, list := range [][]selection{p.on, p.reset} {
		b.WriteString("|")
		for _, s := range list {
			b.WriteString(s.text + ";")
			sessions = sessions || s.event == event.SessionStarted
			local = local || strings.Contains(s.text, "hour") || strings.Contains(s.text, "day") // a weekday too
		}
	}
	if sessions {
		fmt.Fprintf(&b, "|gap=%d", c.fs.sessionGap)
		p.orderFree = false
	}
	if local {
		b.WriteString("|zone=" + c.fs.zone.name)
	}
	if strings.Contains(b.String(), "seconds_since_last_event") {
		p.orderFree = false
	}
	p.canonical = b.String()
	sum, _ := hex.DecodeString(digest(p.canonical))
	p.key = binary.LittleEndian.Uint32(sum)
}

var (
	cartOutputs   = map[string]int{"items": aggregate.CartItems, "lines": aggregate.CartLines, "total": aggregate.CartTotal, "age": aggregate.CartAge}
	seriesOutputs = map[string]int{"last": 1, "mean": aggregate.SeriesMean, "slope": aggregate.SeriesSlope, "min": aggregate.SeriesMin, "max": aggregate.SeriesMax, "std": aggregate.SeriesStd, "count": aggregate.SeriesCount}
	seriesDefault = []text{"last", "mean", "slope"}
)

// outputs adds the columns that a definition reads out of its aggregate.
func (c *compiler) outputs(d *definition, p *plan) {
	add := func(name string, pick int, window time.Duration) {
		unit, scale := d.Unit, 1.0
		if p.timed(pick) {
			unit = cmpOr(unit, scaleDefault)
			if scale = scales[unit]; scale == 0 {
				c.complain(d.node, "unit", "expected seconds, minutes, hours or days, got %q", unit)
				return
			}
		}
		column := c.column(d, name, Feature{Kind: "aggregate", Unit: unit, OrderFree: p.orderFree, Window: window})
		if column < 0 {
			return
		}
		p.spec.Outputs = append(p.spec.Outputs, aggregate.Output{Column: column, Pick: pick, Scale: scale})
		c.seal(column, fmt.Sprintf("%s|pick=%d|scale=%v", p.canonical, pick, scale))
	}
	switch {
	case p.spec.Kind == aggregate.CartKind:
		pick, ok := cartOutputs[string(d.Value)]
		if !ok {
			c.complain(d.node, "value", "expected items, lines, total or age, got %q", d.Value)
			return
		}
		add(d.Name, pick, 0)
	case p.spec.Kind == aggregate.LastK:
		list := d.Outputs
		if len(list) == 0 {
			list = seriesDefault
		}
		for _, name := range list {
			pick, ok := seriesOutputs[string(name)]
			if n, err := strconv.Atoi(string(name)); err == nil && n >= 1 && n <= d.K {
				pick, ok = n, true
			}
			if !ok {
				c.complain(d.node, "outputs", "expected last, mean, slope, min, max, std, count or a position up to k, got %q", name)
				continue
			}
			add(d.Name+"_"+string(name), pick, 0)
		}
	case len(d.Windows) > 0:
		for i, w := range d.Windows {
			add(d.Name+"_"+w, i, time.Duration(p.spec.Windows[i])*time.Millisecond)
		}
	default:
		add(d.Name, 0, 0)
	}
}

// timed says whether a result is a stretch of time.
func (p *plan) timed(pick int) bool {
	switch p.spec.Kind {
	case aggregate.TimeSinceLast, aggregate.TimeSinceFirst:
		return true
	case aggregate.CartKind:
		return pick == aggregate.CartAge
	}
	return false
}
