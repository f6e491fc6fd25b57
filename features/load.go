package features

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// Load compiles a features file. The error is of type Errors and holds everything that is wrong with it.
func Load(data []byte) (*FeatureSet, error) {
	var doc yamlfile.Document
	f, definitions, tags := parse(data, &doc)
	c := compiler{doc: &doc, fs: &FeatureSet{index: map[string]int{}, dispatch: map[string][]step{}, cart: -1}, node: f.node}
	if c.header(f); len(definitions) > maxFeatures {
		c.complain(f.node, "features", "at most %d are accepted, got %d", maxFeatures, len(definitions))
		definitions = nil
	}
	for i := range definitions {
		c.define(&definitions[i])
	}
	if len(doc.Problems) == 0 {
		c.finish(tags)
	}
	if err := doc.Problems.Err(); err != nil {
		return nil, err
	}
	c.fs.source = bytes.Clone(data)
	return c.fs, nil
}

// compiler builds a FeatureSet from definitions.
type compiler struct {
	fs      *FeatureSet
	doc     *yamlfile.Document
	node    ast.Node
	plans   []*plan
	derives []*definition
}

func (c *compiler) complain(node ast.Node, field, format string, args ...any) {
	complain(c.doc, node, field, format, args...)
}

// plan is an aggregate to be, with the features that read it.
type plan struct {
	canonical string
	key       uint32
	spec      aggregate.Spec
	on, reset []selection
	orderFree bool
}

var (
	featureName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,79}$`)
	defaultGap   = "30m"
	defaultZone  = "UTC"
	scales       = map[string]float64{"seconds": 1000, "minutes": 60_000, "hours": hourMillis, "days": dayMillis}
	scaleDefault = "minutes"
)

func (c *compiler) header(f file) {
	gap, err := yamlfile.ParseDuration(cmpOr(f.SessionGap, defaultGap))
	if err != nil {
		c.complain(f.node, "session_gap", "%v", err)
	}
	c.fs.sessionGap = gap.Milliseconds()
	name := cmpOr(f.Timezone, defaultZone)
	if c.fs.zone, err = newZone(name); err != nil {
		c.complain(f.node, "timezone", "expected a zone such as Asia/Shanghai, got %q", name)
	}
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// define compiles one definition into columns, and into a plan unless another feature has the same aggregate.
func (c *compiler) define(d *definition) {
	if !featureName.MatchString(d.Name) {
		c.complain(d.node, "name", "expected lower-case letters, digits and underscores, beginning with a letter, got %q", d.Name)
		return
	}
	if len(d.Vocabulary) > aggregate.MaxTop {
		c.complain(d.node, "vocabulary", "at most %d words are accepted, got %d", aggregate.MaxTop, len(d.Vocabulary))
	}
	kinds := 0
	for _, set := range []bool{d.Request != "", d.Derive != "", d.Aggregate != ""} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		c.complain(d.node, "", "feature %s: expected exactly one of aggregate, request and derive", d.Name)
	case d.Request != "":
		c.request(d)
	case d.Derive != "":
		c.column(d, d.Name, Feature{Kind: "derive", Unit: d.Unit})
		c.derives = append(c.derives, d)
	default:
		c.aggregate(d)
	}
}

// column adds a column to the vector and returns its position, -1 when the name is taken.
func (c *compiler) column(d *definition, name string, f Feature) int {
	if _, taken := c.fs.index[name]; taken {
		c.complain(d.node, "name", "the name %s is taken by an earlier feature", name)
		return -1
	}
	f.Name, f.Meaning, f.Vocabulary, f.Default = name, d.Meaning, d.Vocabulary, nan
	column := len(c.fs.features)
	if d.Default != nil {
		f.Default = float32(*d.Default)
		c.fs.defaults = append(c.fs.defaults, column)
	}
	c.fs.index[name] = column
	c.fs.features = append(c.fs.features, f)
	return column
}

// seal completes a feature's hash: what its column shows of the definition that canonical describes.
func (c *compiler) seal(column int, canonical string) {
	f := &c.fs.features[column]
	f.Hash = digest(fmt.Sprintf("%s|default=%v|vocabulary=%s", canonical, f.Default, strings.Join(f.Vocabulary, ",")))
}

func (c *compiler) request(d *definition) {
	value, err := expr.CompileValue(d.Request, momentScope{})
	if err != nil {
		c.doc.Expression(child(d.node, "request"), "request", err)
		return
	}
	column := c.column(d, d.Name, Feature{Kind: "request", Unit: d.Unit, OrderFree: true})
	if column < 0 {
		return
	}
	c.fs.requests = append(c.fs.requests, request{column: column, value: value, vocabulary: d.Vocabulary})
	c.seal(column, "request|"+value.Source())
}

// finish orders what depends on each other and freezes the set.
func (c *compiler) finish(tags []tagDefinition) {
	c.derive()
	c.assemble()
	names := map[string]bool{}
	scope := vectorScope{index: c.fs.index}
	for _, t := range tags {
		when, err := expr.CompileBool(t.When, scope)
		switch {
		case !featureName.MatchString(t.Name) || names[t.Name]:
			c.complain(t.node, "name", "expected a name of its own in lower case, got %q", t.Name)
		case err != nil:
			c.doc.Expression(child(t.node, "when"), "when", err)
		default:
			names[t.Name] = true
			c.fs.tags = append(c.fs.tags, tag{name: t.Name, when: when})
		}
	}
	if len(c.doc.Problems) == 0 {
		c.fs.revision = c.revision()
	}
}

// derive compiles the derived features in an order in which each finds what it reads already there.
func (c *compiler) derive() {
	scope := vectorScope{index: c.fs.index}
	formulas := map[int]*expr.Formula[Vector]{}
	definitions := map[int]*definition{}
	for _, d := range c.derives {
		column := c.fs.index[d.Name]
		formula, err := expr.CompileNumber(d.Derive, scope)
		if err != nil {
			c.doc.Expression(child(d.node, "derive"), "derive", err)
			continue
		}
		formulas[column], definitions[column] = formula, d
	}
	if len(c.doc.Problems) > 0 {
		return
	}
	state := map[int]int{} // 1: being visited, 2: done
	var visit func(column int, path []string)
	visit = func(column int, path []string) {
		formula := formulas[column]
		if formula == nil || state[column] == 2 {
			return
		}
		path = append(path, c.fs.features[column].Name)
		if state[column] == 1 {
			c.complain(definitions[column].node, "derive", "reads itself: %s", strings.Join(path, " -> "))
			return
		}
		state[column] = 1
		orderFree, canonical := true, "derive|"+formula.Source()
		for _, name := range formula.Variables() {
			input := c.fs.index[name]
			visit(input, path)
			orderFree = orderFree && c.fs.features[input].OrderFree
			canonical += "|" + name + "=" + c.fs.features[input].Hash
		}
		state[column] = 2
		c.fs.features[column].OrderFree = orderFree
		c.seal(column, canonical)
		c.fs.derived = append(c.fs.derived, derivation{column: column, formula: formula})
	}
	for column := range c.fs.features {
		visit(column, nil)
	}
}

// revision digests everything that a vector or a tag depends on.
func (c *compiler) revision() string {
	var b strings.Builder
	fmt.Fprintf(&b, "zone=%s|gap=%d\n", c.fs.zone.name, c.fs.sessionGap)
	for _, f := range c.fs.features {
		fmt.Fprintf(&b, "%s=%s\n", f.Name, f.Hash)
	}
	for _, t := range c.fs.tags {
		fmt.Fprintf(&b, "tag %s=%s\n", t.name, t.when.Source())
	}
	return digest(b.String())
}

// assemble sorts the aggregates by their keys and builds the table that finds, for an event's name, who listens to it.
func (c *compiler) assemble() {
	slices.SortFunc(c.plans, func(a, b *plan) int { return int(int64(a.key) - int64(b.key)) })
	names := map[string]bool{}
	for i, p := range c.plans {
		if i > 0 && c.plans[i-1].key == p.key {
			c.complain(c.node, "features", "two aggregates have the same key; change either definition slightly:\n%s\n%s", p.canonical, c.plans[i-1].canonical)
			return
		}
		slices.SortFunc(p.spec.Outputs, func(a, b aggregate.Output) int { return a.Pick - b.Pick })
		c.fs.specs = append(c.fs.specs, keyedSpec{key: p.key, spec: p.spec})
		if p.spec.Kind == aggregate.CartKind {
			c.fs.cart = i
		}
		if n := len(p.spec.Windows); n > 0 {
			c.fs.longest = max(c.fs.longest, p.spec.Windows[n-1])
		}
		for _, s := range append(slices.Clone(p.reset), p.on...) {
			names[s.event] = true
		}
	}
	if c.fs.longest == 0 {
		c.fs.longest = math.MaxInt64
	}
	for name := range names {
		if name != anyEvent {
			c.fs.dispatch[name] = c.steps(name)
		}
	}
	c.fs.star = c.steps("")
}
