package source

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // a mapping may name a time zone on a machine that has no table of them

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// clock tells the time of a row.
type clock struct {
	column    int    // -1: a sequence, or a JSONL field
	field     string // name of the column
	unit      string // us, ms, s, rfc3339, layout
	perSecond int64  // units in a second, of a number
	layout    string
	location  *time.Location
	start     int64 // of a sequence, Unix milliseconds
	step      int64 // milliseconds between two lines
}

var (
	clockKeys = []string{"column", "unit", "layout", "timezone", "sequence"}
	units     = []string{"us", "ms", "s", "rfc3339"}
)

func (p *mappingParser) clock(e yamlfile.Entry) clock {
	c := clock{column: -1, location: time.UTC}
	given := map[string]bool{}
	for _, k := range p.Mapping(e.Value, e.Key, clockKeys) {
		given[k.Key] = true
		switch k.Key {
		case "column":
			p.clockColumn(k, &c)
		case "unit":
			if c.unit = p.Text(k); c.unit != "" && !slices.Contains(units, c.unit) {
				p.Fail(k.Value, "unit: unknown unit %s%s", c.unit, yamlfile.DidYouMean(c.unit, units))
			}
		case "layout":
			if c.layout = p.Text(k); c.layout == time.Unix(0, 0).Format(c.layout) {
				p.Fail(k.Value, "layout: expected a layout such as 2006-01-02 15:04:05, the way Go writes the moment 2006-01-02 15:04:05 -0700")
			}
		case "timezone":
			var err error
			if c.location, err = time.LoadLocation(p.Text(k)); err != nil {
				p.Fail(k.Value, "timezone: expected a time zone such as Europe/London")
				c.location = time.UTC
			}
		case "sequence":
			p.sequence(k, &c)
		}
	}
	switch {
	case given["column"] == given["sequence"]:
		p.Fail(e.Value, "%s: expected either column or sequence", e.Key)
	case given["unit"] && given["layout"]:
		p.Fail(e.Value, "%s: unit and layout exclude each other", e.Key)
	case given["timezone"] && !given["layout"]:
		p.Fail(e.Value, "%s: a timezone needs a layout", e.Key)
	case c.layout != "":
		c.unit = "layout"
	case c.unit == "":
		c.unit = "rfc3339"
	}
	c.perSecond = map[string]int64{"us": 1e6, "ms": 1e3, "s": 1}[c.unit]
	return c
}

func (p *mappingParser) clockColumn(k yamlfile.Entry, c *clock) {
	c.field = p.Text(k)
	if c.column = slices.Index(p.m.Columns, c.field); c.column < 0 && c.field != "" && (!p.scope.json || len(p.m.Columns) > 0) {
		p.Fail(k.Value, "column: unknown column %s%s", c.field, yamlfile.DidYouMean(c.field, p.m.Columns))
	}
}

func (p *mappingParser) sequence(e yamlfile.Entry, c *clock) {
	for _, k := range p.Mapping(e.Value, e.Key, []string{"start", "step"}) {
		switch text := p.Text(k); k.Key {
		case "start":
			t, err := time.Parse(time.RFC3339, text)
			if err != nil || checkTime(t) != nil {
				p.Fail(k.Value, "start: expected an RFC 3339 time from %d to %d such as 2020-01-01T00:00:00Z", firstYear, lastYear)
			}
			c.start = t.UnixMilli()
		case "step":
			d, err := time.ParseDuration(text)
			if err != nil || d < time.Millisecond || d > 24*time.Hour {
				p.Fail(k.Value, "step: expected a duration from 1ms to 24h")
			}
			c.step = d.Milliseconds()
		}
	}
	if c.start == 0 || c.step == 0 {
		p.Fail(e.Value, "sequence: start and step are required")
	}
}

// The years that an event may lie in, as for those that are sent to the server.
const (
	firstYear = 1970
	lastYear  = 2200
)

func checkTime(t time.Time) error {
	if y := t.UTC().Year(); y < firstYear || y > lastYear {
		return fmt.Errorf("year %d is outside %d to %d", y, firstYear, lastYear)
	}
	return nil
}

// read is the row's time in Unix milliseconds.
func (c *clock) read(r *record) (int64, error) {
	if c.step > 0 {
		return c.start + r.place.line*c.step, nil
	}
	text := c.text(r)
	t, err := c.parse(text)
	if err != nil {
		return 0, err
	}
	if err := checkTime(t); err != nil {
		return 0, err
	}
	return max(t.UnixMilli(), 1), nil
}

func (c *clock) text(r *record) string {
	if c.column >= 0 && r.object == nil {
		return r.fields[c.column]
	}
	if v := r.object.Find(c.field); v != nil {
		return v.Str
	}
	return ""
}

func (c *clock) parse(text string) (time.Time, error) {
	switch c.unit {
	case "rfc3339":
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return t, fmt.Errorf("expected an RFC 3339 time such as 2026-01-31T08:30:00Z, got %.40q", text)
		}
		return t, nil
	case "layout":
		t, err := time.ParseInLocation(c.layout, text, c.location)
		if err != nil {
			return t, fmt.Errorf("expected a time such as %s, got %.40q", c.layout, text)
		}
		return t, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(n/c.perSecond, n%c.perSecond*(1e9/c.perSecond)), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	seconds := f / float64(c.perSecond)
	if err != nil || math.IsNaN(f) || math.Abs(seconds) > 1e11 {
		return time.Time{}, fmt.Errorf("expected a number of %s since 1970, got %.40q", c.unit, text)
	}
	return time.UnixMicro(int64(seconds * 1e6)), nil
}
