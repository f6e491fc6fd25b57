package label

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

const (
	maxFileBytes = 256 << 10
	maxInstants  = 10_000
	maxDraws     = 1000
	maxNext      = 1000
)

// file is a label file as it is written.
type file struct {
	Version  int          `yaml:"version"`
	Name     string       `yaml:"name"`
	Meaning  string       `yaml:"meaning"`
	Timezone string       `yaml:"timezone"`
	Session  node         `yaml:"session"`
	Points   pointsFile   `yaml:"points"`
	Positive positiveFile `yaml:"positive"`
	Horizon  node         `yaml:"horizon"`
	Keys     node         `yaml:"keys"`
}

type pointsFile struct {
	Every          node    `yaml:"every"`
	At             node    `yaml:"at"`
	After          node    `yaml:"after"`
	RandomPrefixOf string  `yaml:"random_prefix_of"`
	From           node    `yaml:"from"`
	Until          node    `yaml:"until"`
	Having         node    `yaml:"having"`
	Before         node    `yaml:"before"`
	SkipFirst      bool    `yaml:"skip_first"`
	PerSession     *int    `yaml:"per_session"`
	Seed           *uint64 `yaml:"seed"`
}

type positiveFile struct {
	Event node `yaml:"event"`
	Where node `yaml:"where"`
	None  bool `yaml:"none"`
}

// node keeps a part of the file, with its place.
type node struct{ at ast.Node }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (n *node) UnmarshalYAML(at ast.Node) error {
	n.at = at
	return nil
}

func (n node) given() bool { return n.at != nil && n.at.Type() != ast.NullType }

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,79}$`)

// parser turns a file into a definition, noting everything that is wrong with it.
type parser struct {
	Errors
	f    file
	zone *time.Location
	d    *Definition
	root ast.Node
}

// Parse reads a label file; name is the file's in messages. The error is an *Errors.
func Parse(name string, data []byte) (*Definition, error) {
	sum := sha256.Sum256(data)
	p := parser{Errors: Errors{File: name}, d: &Definition{Text: string(data), Digest: hex.EncodeToString(sum[:])}}
	if p.decode(data) {
		p.head()
		p.pointsOf()
		p.answers()
	}
	if len(p.Errors.Errors) > 0 {
		return nil, &p.Errors
	}
	return p.d, nil
}

func (p *parser) decode(data []byte) bool {
	if len(data) > maxFileBytes {
		p.at(nil, "", "the file has %d bytes, at most %d are accepted", len(data), maxFileBytes)
		return false
	}
	var root node
	if err := yaml.Unmarshal(data, &root); err != nil {
		p.yaml("", err)
		return false
	}
	if !root.given() {
		p.at(nil, "", "the file is empty; expected version, name, points, positive and horizon")
		return false
	}
	p.root = root.at
	if err := yaml.NodeToValue(root.at, &p.f, yaml.Strict()); err != nil {
		p.yaml("", err)
		return false
	}
	return true
}

func (p *parser) head() {
	p.d.Name, p.d.Meaning = p.f.Name, p.f.Meaning
	if p.f.Version != 1 {
		p.fail("version", "expected 1, got %d", p.f.Version)
	}
	if !nameShape.MatchString(p.f.Name) {
		p.fail("name", "expected lower-case letters, digits and underscores, beginning with a letter, got %q", p.f.Name)
	}
	zone, err := time.LoadLocation(p.f.Timezone)
	if err != nil || p.f.Timezone == "Local" {
		p.fail("timezone", "expected a zone such as Europe/London, got %q", p.f.Timezone)
		zone = time.UTC
	}
	p.zone = zone
	p.sessionOf()
	p.keysOf()
}

// fail notes a problem at a key, or at the nearest mapping around it that is there.
func (p *parser) fail(field, format string, args ...any) {
	at := p.root
	for key := range strings.SplitSeq(field, ".") {
		m, ok := at.(ast.MapNode)
		if !ok {
			break
		}
		for it := m.MapRange(); it.Next(); {
			if it.Key().String() == key {
				at = it.Value()
			}
		}
	}
	p.at(at, field, format, args...)
}

// sessionOf reads a silence, or else an expression.
func (p *parser) sessionOf() {
	if !p.f.Session.given() {
		return
	}
	text, ok := p.text(p.f.Session.at, "session")
	if !ok {
		return
	}
	s := &session{silence: defaultSilence}
	if silence, err := parseDuration(text); err == nil {
		s.silence = silence.Milliseconds()
	} else {
		s.key = p.value(p.f.Session.at, "session", text)
	}
	p.d.session = s
}

func (p *parser) keysOf() {
	if !p.f.Keys.given() {
		return
	}
	for _, e := range p.entries(p.f.Keys.at, "keys") {
		field := "keys." + e.key
		switch {
		case !nameShape.MatchString(e.key):
			p.at(e.at, field, "expected lower-case letters, digits and underscores, beginning with a letter")
		case reserved[e.key]:
			p.at(e.at, field, "is a column that every set has")
		default:
			if text, ok := p.text(e.at, field); ok {
				p.d.Keys = append(p.d.Keys, e.key)
				p.d.keys = append(p.d.keys, p.value(e.at, field, text))
			}
		}
	}
}

// reserved are the columns that are there without being named.
var reserved = map[string]bool{"customer_id": true, "at": true, "label": true, "draw": true}

// answers reads what makes a point positive, and how far to look.
func (p *parser) answers() {
	if !p.f.Positive.Event.given() {
		p.fail("positive", "positive.event is required: what makes a point positive")
	} else {
		p.d.positive = p.selectorsOf(p.f.Positive.Event.at, "positive.event", p.f.Positive.Where)
		p.d.none = p.f.Positive.None
	}
	if !p.f.Horizon.given() {
		p.fail("horizon", "is required: {duration: …}, session_end, or {next: {event: …, n: …}}")
		return
	}
	p.horizonOf(p.f.Horizon.at)
	if p.d.horizon.kind != sessionEnd {
		return
	}
	switch {
	case p.d.session == nil:
		p.at(p.f.Horizon.at, "horizon", "session_end needs session: what a session is")
	case p.d.points.kind == calendarPoints:
		p.at(p.f.Horizon.at, "horizon", "session_end does not fit instants of the calendar, which lie in no session")
	}
}
