package playbook

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// MaxBytes is how large a playbook may be.
const MaxBytes = 1 << 20

// Bounds of a playbook file.
const (
	maxPlays       = 1000
	maxActions     = 500
	maxLimits      = 100 // caps, and budgets, and experiments
	maxNames       = 64  // in one list of events, channels or actions
	maxVariants    = 16
	maxTasks       = 64
	maxContent     = 16 << 10 // bytes of JSON
	maxProblems    = 100      // after which the rest of a file is not looked at
	longest        = 366 * 24 * time.Hour
	defaultZone    = "UTC"
	defaultExpiry  = 24 * time.Hour
	english        = "en"
	chinese        = "zh"
	defaultHoldout = "holdout" // salt
)

// Problems is everything that is wrong with a playbook, in the order of the file. Parse returns no other error.
type Problems = yamlfile.Problems

// Parse compiles a playbook from YAML or JSON.
func Parse(data []byte, v Vocabulary) (*Playbook, error) {
	r := &reader{
		scope: newScope(v), formulas: map[string]*Formula{}, kinds: map[string]bool{}, channels: map[string]bool{},
		book: &Playbook{Language: english, Timezone: time.UTC, Tasks: v.Tasks, actions: map[string]*Action{}, Plays: []*Play{}},
	}
	if len(v.Tasks) > maxTasks {
		r.Fail(nil, "there are %d tasks to predict, at most %d are supported", len(v.Tasks), maxTasks)
	}
	if !utf8.Valid(data) {
		r.Fail(nil, "the file is not valid UTF-8")
	}
	if len(r.Problems) > 0 {
		return nil, r.Problems.Err()
	}
	root := r.Parse(data, MaxBytes, "version, actions and plays")
	if root == nil {
		return nil, r.Problems.Err()
	}
	canonical := r.canonical(root)
	if len(r.Problems) == 0 {
		r.root(root)
	}
	if err := r.Problems.Err(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(canonical)
	r.book.Revision = hex.EncodeToString(sum[:8])
	r.book.index()
	return r.book, nil
}

// reader turns a file into a playbook, noting everything that is wrong with it.
type reader struct {
	yamlfile.Document
	book     *Playbook
	scope    *scope
	formulas map[string]*Formula // by source
	learning Learning            // unless an action or experiment says otherwise
	kinds    map[string]bool     // of actions
	channels map[string]bool     // of actions
}

// root reads the outermost keys; what refers to names comes after what defines them, wherever it stands in the file.
func (r *reader) root(n ast.Node) {
	read := []struct {
		key  string
		with func(yamlfile.Entry)
	}{
		{"version", func(e yamlfile.Entry) { r.Integer(e, 1, 1) }},
		{"language", r.language},
		{"timezone", r.timezone},
		{"quiet_hours", r.quietHours},
		{"holdout", r.holdout},
		{"fatigue", r.fatigue},
		{"learning", func(e yamlfile.Entry) { r.learning = r.learn(e, r.learning) }},
		{"actions", r.actions},
		{"caps", r.caps},
		{"budgets", r.budgets},
		{"experiments", r.experiments},
		{"plays", r.plays},
	}
	known := make([]string, len(read))
	for i, section := range read {
		known[i] = section.key
	}
	given := map[string]yamlfile.Entry{}
	for _, e := range r.Mapping(n, "playbook", known) {
		given[e.Key] = e
	}
	for _, key := range []string{"version", "actions", "plays"} {
		if _, ok := given[key]; !ok {
			r.Fail(n, "%s is missing", key)
		}
	}
	r.learning = Learning{Mode: Bandit, Reward: "accepted", Within: 7 * 24 * time.Hour, Floor: 0.05, PromoteAt: 0.99}
	for _, section := range read {
		if e, ok := given[section.key]; ok {
			section.with(e)
		}
	}
}

func (r *reader) language(e yamlfile.Entry) {
	r.book.Language = oneOf(r, e, english, chinese)
}

func (r *reader) timezone(e yamlfile.Entry) {
	name, _ := yamlfile.Scalar(e.Value)
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		r.Suggest(e.Value, "name it as in Asia/Shanghai", "timezone: unknown time zone %q", name)
		return
	}
	r.book.Timezone = zone
}
