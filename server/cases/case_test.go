package cases

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// story is a case file. See README.md for what each key means.
type story struct {
	About       string             `yaml:"about"`
	Preset      string             `yaml:"preset"`
	Starts      string             `yaml:"starts"`
	Customer    customer           `yaml:"customer"`
	Predictions map[string]float32 `yaml:"predictions"`
	History     []past             `yaml:"history"`
	Timeline    []step             `yaml:"timeline"`
}

type customer struct {
	ID     string         `yaml:"id"`
	Held   bool           `yaml:"held"`
	Traits map[string]any `yaml:"traits"`
}

// Happening is an event as a case tells it. It is exported because YAML is only read into exported parts.
type Happening struct {
	Event      string         `yaml:"event"`
	Channel    string         `yaml:"channel"`
	Properties map[string]any `yaml:"properties"`
	Context    map[string]any `yaml:"context"`
	Traits     map[string]any `yaml:"traits"`
	Enriched   map[string]any `yaml:"enriched"`
}

// past is what happened before the case begins.
type past struct {
	Happening `yaml:",inline"`
	Ago       span `yaml:"ago"`
	Times     int  `yaml:"times"`
	Every     span `yaml:"every"`
}

// step is something that happens, and what comes of it. A step may be an event, a question or both at once, an outcome, or waiting.
type step struct {
	Happening `yaml:",inline"`
	At        *span   `yaml:"at"`
	Wait      span    `yaml:"wait"`
	Score     *ask    `yaml:"score"`
	Outcome   *answer `yaml:"outcome"`
	Expect    expect  `yaml:"expect"`
	line      int
}

type ask struct {
	Channel string         `yaml:"channel"`
	Context map[string]any `yaml:"context"`
	Max     int            `yaml:"max"`
	Kinds   []string       `yaml:"kinds"`
}

type answer struct {
	Action  string  `yaml:"action"`
	Outcome string  `yaml:"outcome"`
	Value   float64 `yaml:"value"`
}

type expect struct {
	Actions  []issued          `yaml:"actions"`
	Withheld map[string]string `yaml:"withheld"`
	Tags     []string          `yaml:"tags"`
}

// issued is an action, by its name alone or with more of what it must be.
type issued struct {
	Action  string         `yaml:"action"`
	Channel string         `yaml:"channel"`
	Pending bool           `yaml:"pending"`
	Says    wording        `yaml:"says"`
	Has     map[string]any `yaml:"has"`
}

// wording is the text of an action; of several, one of them, because chance picks the variant.
type wording struct {
	Zh texts `yaml:"zh"`
	En texts `yaml:"en"`
}

func (w wording) in(language string) texts {
	if language == "zh" {
		return w.Zh
	}
	return w.En
}

type texts []string

func (t *texts) UnmarshalYAML(n ast.Node) error {
	if one, ok := yamlfile.Scalar(n); ok {
		*t = texts{one}
		return nil
	}
	return yaml.NodeToValue(n, (*[]string)(t), yaml.Strict())
}

func (i *issued) UnmarshalYAML(n ast.Node) error {
	if name, ok := yamlfile.Scalar(n); ok {
		i.Action = name
		return nil
	}
	type plain issued
	return yaml.NodeToValue(n, (*plain)(i), yaml.Strict())
}

func (s *step) UnmarshalYAML(n ast.Node) error {
	type plain step
	if err := yaml.NodeToValue(n, (*plain)(s), yaml.Strict()); err != nil {
		return err
	}
	s.line = n.GetToken().Position.Line
	return nil
}

// span is a duration such as 30m, 24h or 7d.
type span time.Duration

func (s *span) UnmarshalYAML(n ast.Node) error {
	text, _ := yamlfile.Scalar(n)
	if text == "0s" {
		return nil
	}
	d, err := yamlfile.ParseDuration(text)
	if err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
	}
	*s = span(d)
	return nil
}

// read reads a case file. Its errors begin with the file's name and the line.
func read(name string, data []byte) (*story, error) {
	var s story
	if err := yaml.UnmarshalWithOptions(data, &s, yaml.Strict()); err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			return nil, fmt.Errorf("%s:%d: %s", name, at.GetToken().Position.Line, at.GetMessage())
		}
		return nil, fmt.Errorf("%s:1: %w", name, err)
	}
	switch {
	case s.About == "" || s.Preset == "" || s.Customer.ID == "" || len(s.Timeline) == 0:
		return nil, fmt.Errorf("%s:1: expected about, preset, customer with an id, and a timeline", name)
	case s.Starts == "":
		s.Starts = "2026-03-02 10:00"
	}
	clock := span(0)
	for i := range s.Timeline {
		if err := s.Timeline[i].check(&clock); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, s.Timeline[i].line, err)
		}
	}
	return &s, nil
}

// check tells what is wrong with a step that begins when the case is clock old, and moves the clock on.
func (s *step) check(clock *span) error {
	happens := s.Event != "" || s.Score != nil
	switch {
	case s.At != nil && *s.At < *clock:
		return fmt.Errorf("at: expected %v or later, for that is when the step before ends", time.Duration(*clock))
	case s.At != nil && s.Wait > 0:
		return errors.New("expected at or wait, not both")
	case s.Wait > 0 && !s.waits():
		return errors.New("expected a wait, or something that happens, not both; write at: to say when")
	case s.Outcome != nil && happens:
		return errors.New("expected an outcome or an event, not both")
	case s.At == nil && s.Wait == 0 && s.waits():
		return errors.New("expected one of event, score, outcome, wait and at")
	case s.Outcome != nil && outcomes[s.Outcome.Outcome] == "":
		return fmt.Errorf("outcome: unknown %q; expected shown, accepted, declined, dismissed, converted or expired", s.Outcome.Outcome)
	case s.Score == nil && (len(s.Expect.Withheld) > 0 || s.Expect.Tags != nil):
		return errors.New("expect: what was withheld, and tags, are told by a score")
	}
	*clock += s.Wait
	if s.At != nil {
		*clock = *s.At
	}
	return nil
}

// waits says whether nothing happens in a step.
func (s *step) waits() bool { return s.Event == "" && s.Score == nil && s.Outcome == nil }

// outcomes are the events that tell of outcomes.
var outcomes = map[string]string{
	"shown": "Action Shown", "accepted": "Action Accepted", "declined": "Action Declined",
	"dismissed": "Action Dismissed", "converted": "Action Converted", "expired": "Action Expired",
}

// localised replaces {zh: …, en: …} by what it says in a language.
func localised(v any, language string) any {
	switch v := v.(type) {
	case map[string]any:
		zh, chinese := v["zh"]
		en, english := v["en"]
		if chinese && english && len(v) == 2 {
			if language == "zh" {
				return zh
			}
			return en
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = localised(item, language)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = localised(item, language)
		}
		return out
	}
	return v
}

// object is a mapping of a case as JSON, empty for none.
func object(m map[string]any, language string) json.RawMessage {
	if len(m) == 0 {
		return json.RawMessage("{}")
	}
	data, err := json.Marshal(localised(m, language))
	if err != nil {
		panic(fmt.Sprintf("%v: %v", m, err)) // YAML has nothing that JSON has not, but for keys, which were read as text
	}
	return data
}

// reason splits "outranked by loyalty-discount".
func reason(text string) (why, by string) {
	why, by, _ = strings.Cut(text, " by ")
	return why, by
}
