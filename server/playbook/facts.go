package playbook

import (
	"math"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// Facts are what conditions and worth are evaluated over: one customer at one moment. It borrows everything it points to.
type Facts struct {
	Vector      []float32    // of the FeatureSet that the playbook was compiled for; NaN is missing
	Predictions []float32    // scores in the order of Playbook.Tasks; NaN, or a short slice, is missing
	Intents     []Intent     // what is not listed is missing
	Tags        []string     // that hold
	Event       *event.Event // that triggered the play; nil for none
	Context     event.Object // of the request
	Channel     string       // that the customer is on; "" is missing
	Customer    Customer
}

// Intent is something that the customer seems to want.
type Intent = features.Intent

// Customer is what conditions can read of who it is.
type Customer struct {
	ID     string
	Known  bool
	Traits event.Object
}

// Vocabulary is what the expressions of a playbook may name beside the fixed names.
type Vocabulary struct {
	Features *features.FeatureSet
	Tasks    []string // that predictions are made of; at most 64
	Intents  []string // nil: any
}

// StandardTasks are what halfstep predicts. A playbook may name them before any model serves them: their scores are missing until then.
func StandardTasks() []string { return []string{"churn", "cart_abandonment", "emotion_trend"} }

// scope resolves names for a Vocabulary.
type scope struct {
	Vocabulary
	tasks   map[string]int
	intents map[string]bool
}

func newScope(v Vocabulary) *scope {
	s := &scope{Vocabulary: v, tasks: map[string]int{}, intents: map[string]bool{}}
	for i, task := range v.Tasks {
		s.tasks[task] = i
	}
	for _, name := range v.Intents {
		s.intents[name] = true
	}
	return s
}

// The objects whose fields can be read, and the names that stand alone.
var (
	objects = map[[2]string]func(*Facts) event.Object{
		{"event", "properties"}: func(f *Facts) event.Object { return f.occasion().Properties },
		{"event", "context"}:    func(f *Facts) event.Object { return f.occasion().Context },
		{"event", "enriched"}:   func(f *Facts) event.Object { return f.occasion().Enriched },
		{"customer", "traits"}:  func(f *Facts) event.Object { return f.Customer.Traits },
	}
	singles = map[[2]string]expr.Variable[Facts]{
		{"event", "name"}:     text(func(f *Facts) string { return f.occasion().Name }),
		{"event", "channel"}:  text(func(f *Facts) string { return f.occasion().Channel }),
		{"customer", "id"}:    text(func(f *Facts) string { return f.Customer.ID }),
		{"customer", "known"}: {Type: expr.Bool, Bool: func(f *Facts) bool { return f.Customer.Known }},
	}
	channelName = text(func(f *Facts) string { return f.Channel })
	tagNames    = expr.Variable[Facts]{Type: expr.Strings, List: func(f *Facts) []string { return f.Tags }}
)

var noEvent event.Event

func (f *Facts) occasion() *event.Event {
	if f.Event == nil {
		return &noEvent
	}
	return f.Event
}

func text(get func(*Facts) string) expr.Variable[Facts] {
	return expr.Variable[Facts]{Type: expr.String, Text: func(f *Facts) (string, bool) {
		s := get(f)
		return s, s != ""
	}}
}

func field(object func(*Facts) event.Object, keys []string) expr.Variable[Facts] {
	if len(keys) == 1 {
		key := keys[0]
		return expr.Variable[Facts]{Value: func(f *Facts) *event.Value { return object(f).Find(key) }}
	}
	return expr.Variable[Facts]{Value: func(f *Facts) *event.Value { return object(f).Path(keys) }}
}

// Resolve implements expr.Scope.
func (s *scope) Resolve(path []string) (expr.Variable[Facts], bool) {
	if len(path) == 1 {
		switch path[0] {
		case "channel":
			return channelName, true
		case "tags":
			return tagNames, true
		}
		return expr.Variable[Facts]{}, false
	}
	if path[0] == "context" {
		return field(func(f *Facts) event.Object { return f.Context }, path[1:]), true
	}
	if len(path) > 2 {
		object, ok := objects[[2]string{path[0], path[1]}]
		if !ok {
			return expr.Variable[Facts]{}, false
		}
		return field(object, path[2:]), true
	}
	if v, ok := singles[[2]string{path[0], path[1]}]; ok {
		return v, true
	}
	return s.number(path[0], path[1])
}

func (s *scope) number(room, name string) (expr.Variable[Facts], bool) {
	switch room {
	case "features":
		i, ok := s.Features.Index(name)
		return number(func(f *Facts) float64 { return at(f.Vector, i) }), ok
	case "predictions":
		i, ok := s.tasks[name]
		return number(func(f *Facts) float64 { return at(f.Predictions, i) }), ok
	case "intents":
		return number(func(f *Facts) float64 { return f.intent(name) }), s.Intents == nil || s.intents[name]
	}
	return expr.Variable[Facts]{}, false
}

func number(get func(*Facts) float64) expr.Variable[Facts] {
	return expr.Variable[Facts]{Type: expr.Number, Number: get}
}

func at(values []float32, i int) float64 {
	if i < len(values) {
		return float64(values[i])
	}
	return math.NaN()
}

func (f *Facts) intent(name string) float64 {
	for i := range f.Intents {
		if f.Intents[i].Name == name {
			return float64(f.Intents[i].Score)
		}
	}
	return math.NaN()
}

// Names implements expr.Scope.
func (s *scope) Names() []string {
	names := []string{"channel", "tags", "context", "event.name", "event.channel", "event.properties", "event.context", "event.enriched",
		"customer.id", "customer.known", "customer.traits"}
	for _, f := range s.Features.Features() {
		names = append(names, "features."+f.Name)
	}
	for _, task := range s.Tasks {
		names = append(names, "predictions."+task)
	}
	for _, name := range s.Intents {
		names = append(names, "intents."+name)
	}
	return names
}
