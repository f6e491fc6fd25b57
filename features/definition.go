package features

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// file is features.yaml as it is written. Features and tags are read one by one, so that an error in one does not hide the next.
type file struct {
	Version    int        `yaml:"version"`
	SessionGap string     `yaml:"session_gap"`
	Timezone   string     `yaml:"timezone"`
	Features   []ast.Node `yaml:"features"`
	Tags       []ast.Node `yaml:"tags"`

	node ast.Node
}

// definition is one entry under features.
type definition struct {
	Name       string    `yaml:"name"`
	Meaning    string    `yaml:"meaning"`
	Unit       string    `yaml:"unit"`
	On         selectors `yaml:"on"`
	Where      string    `yaml:"where"`
	Value      text      `yaml:"value"`
	Aggregate  string    `yaml:"aggregate"`
	Windows    []string  `yaml:"windows"`
	K          int       `yaml:"k"`
	Outputs    []text    `yaml:"outputs"`
	ResetOn    selectors `yaml:"reset_on"`
	HalfLife   string    `yaml:"half_life"`
	Default    *float64  `yaml:"default"`
	Vocabulary []string  `yaml:"vocabulary"`
	Request    string    `yaml:"request"`
	Derive     string    `yaml:"derive"`

	node ast.Node
}

// tagDefinition is one entry under tags.
type tagDefinition struct {
	Name string `yaml:"name"`
	When string `yaml:"when"`

	node ast.Node
}

// selector picks events: all of one name, or those of them for which where holds.
type selector struct {
	Event string
	Where string
	Value string // takes the place of the definition's value
}

type selectors []selector

// UnmarshalYAML takes a name, a {event, where, value}, or a list of either.
func (s *selectors) UnmarshalYAML(unmarshal func(any) error) error {
	var raw any
	if err := unmarshal(&raw); err != nil {
		return err
	}
	list, ok := raw.([]any)
	if !ok {
		list = []any{raw}
	}
	for _, item := range list {
		one, err := parseSelector(item)
		if err != nil {
			return err
		}
		*s = append(*s, one)
	}
	return nil
}

func parseSelector(item any) (selector, error) {
	switch v := item.(type) {
	case string:
		return selector{Event: v}, nil
	case map[string]any:
		var s selector
		for key, value := range v {
			switch key {
			case "event":
				s.Event = fmt.Sprint(value)
			case "where":
				s.Where = fmt.Sprint(value)
			case "value":
				s.Value = fmt.Sprint(value)
			default:
				return s, fmt.Errorf("unknown key %q; an event is picked by event, where and value", key)
			}
		}
		if s.Event == "" {
			return s, fmt.Errorf("event is required beside where")
		}
		return s, nil
	}
	return selector{}, fmt.Errorf("expected an event name, {event, where}, or a list of them")
}

// text is a scalar that may be written without quotes although it looks like a number.
type text string

// UnmarshalYAML takes any scalar.
func (t *text) UnmarshalYAML(unmarshal func(any) error) error {
	var raw any
	if err := unmarshal(&raw); err != nil {
		return err
	}
	switch raw.(type) {
	case map[string]any, []any, nil:
		return fmt.Errorf("expected a single value")
	}
	*t = text(fmt.Sprint(raw))
	return nil
}

// parse reads the file's shape, noting what is wrong with it.
func parse(data []byte, d *yamlfile.Document) (f file, definitions []definition, tags []tagDefinition) {
	f.node = d.Parse(data, maxFileBytes, "version and features")
	if f.node == nil {
		return f, nil, nil
	}
	if err := yaml.NodeToValue(f.node, &f, yaml.Strict()); err != nil {
		d.Note(err)
		return f, nil, nil
	}
	if f.Version != 1 {
		complain(d, f.node, "version", "expected 1, got %d", f.Version)
	}
	if len(f.Features) == 0 {
		complain(d, f.node, "features", "expected at least one feature")
	}
	for _, node := range f.Features {
		one := definition{node: node}
		if err := yaml.NodeToValue(node, &one, yaml.Strict()); err != nil {
			d.Note(err)
			continue
		}
		definitions = append(definitions, one)
	}
	for _, node := range f.Tags {
		one := tagDefinition{node: node}
		if err := yaml.NodeToValue(node, &one, yaml.Strict()); err != nil {
			d.Note(err)
			continue
		}
		tags = append(tags, one)
	}
	return f, definitions, tags
}
