package reason

import (
	"embed"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed sentences/*.yaml
var files embed.FS

// wording is what a language has to say: a file of the folder sentences.
type wording struct {
	Times []string          `yaml:"times"` // how often, from never on; the last is for all that follow
	Units map[string]string `yaml:"units"`
	Or    string            `yaml:"or"`

	Features map[string]phrases `yaml:"features"` // by name, with its window or without
	Feature  string             `yaml:"feature"`  // of those that Features lacks
	Windowed string             `yaml:"windowed"`
	Worded   string             `yaml:"worded"`

	Predictions map[string]phrases `yaml:"predictions"`
	Prediction  string             `yaml:"prediction"`
	Intents     map[string]phrases `yaml:"intents"`
	Intent      string             `yaml:"intent"`
	Tags        map[string]phrases `yaml:"tags"`
	Tag         phrases            `yaml:"tag"`

	Events     map[string]string `yaml:"events"`
	Event      string            `yaml:"event"`
	Just       string            `yaml:"just"`
	Absence    string            `yaml:"absence"`
	Dwell      string            `yaml:"dwell"`
	Properties map[string]string `yaml:"properties"`
	Property   string            `yaml:"property"`
	Traits     map[string]string `yaml:"traits"`
	Trait      string            `yaml:"trait"`
	Fact       string            `yaml:"fact"`
	Unknown    string            `yaml:"unknown"`
	Channel    string            `yaml:"channel"`
	Known      phrases           `yaml:"known"`
	Truth      map[string]string `yaml:"truth"`
	Words      map[string]string `yaml:"words"`

	often []sentence // Times, compiled
	spans []sentence // Units, compiled, in the order of spans
}

// phrases are the ways to say one thing.
type phrases struct {
	Text    string `yaml:"text"`
	None    string `yaml:"none"`    // of 0 and false; empty: as any other value
	Missing string `yaml:"missing"` // of no value; empty: nothing is said
}

// UnmarshalYAML takes a text alone, too.
func (p *phrases) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&p.Text) == nil {
		return nil
	}
	type plain phrases
	return unmarshal((*plain)(p))
}

// language reads what ships for one, en when there is nothing.
func language(name string) *wording {
	if w, ok := languages()[name]; ok {
		return w
	}
	return languages()["en"]
}

var languages = sync.OnceValue(func() map[string]*wording {
	all := map[string]*wording{}
	for _, name := range []string{"en", "zh"} {
		data, err := files.ReadFile("sentences/" + name + ".yaml")
		w := &wording{}
		if err == nil {
			err = yaml.UnmarshalWithOptions(data, w, yaml.Strict())
		}
		if err != nil {
			panic(fmt.Sprintf("reason: the sentences that ship, %s: %v", name, err))
		}
		for _, template := range w.Times {
			w.often = append(w.often, w.compile(template, nil))
		}
		for _, unit := range spans {
			w.spans = append(w.spans, w.compile(w.Units[unit.name], nil))
		}
		all[name] = w
	}
	return all
})

// or is given unless it is empty.
func or(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return given
}

// word is how the language calls a word of a vocabulary.
func (w *wording) word(word string) string { return or(w.Words[word], word) }

// event is how the language calls an event.
func (w *wording) event(name string) string {
	return or(w.Events[name], strings.ReplaceAll(w.Event, "{name}", name))
}

// span says a stretch of time in its largest unit.
func (w *wording) span(d time.Duration) string { return string(w.stretch(nil, d.Seconds())) }

// plain is a name as people would write it.
func plain(name string) string { return strings.ReplaceAll(name, "_", " ") }
