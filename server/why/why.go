// Package why compares the record of a past decision with the record of the same decision made again, and shows the steps on which
// they agree.
package why

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Step is one thing that a decision rests on, or that came of it.
type Step struct {
	Name string `json:"step"`
	Same bool   `json:"identical"`
	// Recorded is what the record says, Again what came out when the decision was made again; Again is missing when that is the same.
	Recorded json.RawMessage `json:"recorded"`
	Again    json.RawMessage `json:"again,omitempty"`
}

// Report is what a decision was made of.
type Report struct {
	DecisionID string `json:"decision_id"`
	CustomerID string `json:"customer_id"`
	At         string `json:"at"`
	Identical  bool   `json:"identical"`
	Difference string `json:"difference,omitempty"` // the first, as in actions[0].worth: recorded 5, again 4
	Steps      []Step `json:"steps"`
	// Record is the decision's record.
	Record json.RawMessage `json:"record"`
}

// order is that in which a decision comes about: a difference in one step is mostly the cause of those after it.
var order = []string{
	"asked", "max", "kinds", "channel", "page", "events", "vector", "failed", "predictions", "fired", "budgets", "rows", "draws",
	"withheld", "actions", "held_actions", "held", "trigger", "proactive", "revisions",
}

// passedOver are keys of reasons whose values depend on more than the decision: the wording of this program, and whether effects
// were asked for.
var passedOver = map[string]bool{"text": true, "effect": true}

// Compare reports on a decision's record and that of the same decision made again.
func Compare(recorded, again []byte) (*Report, error) {
	then, err := read(recorded)
	if err != nil {
		return nil, fmt.Errorf("read the recorded decision: %w", err)
	}
	now, err := read(again)
	if err != nil {
		return nil, fmt.Errorf("read the decision that was made again: %w", err)
	}
	r := &Report{Identical: true, Record: recorded}
	r.DecisionID, _ = then["decision_id"].(string)
	r.CustomerID, _ = then["customer_id"].(string)
	r.At, _ = then["at"].(string)
	for _, name := range order {
		s := Step{Name: name, Same: true, Recorded: written(then[name])}
		if what := difference(name, then[name], now[name]); what != "" {
			s.Same, s.Again = false, written(now[name])
			if r.Identical {
				r.Identical, r.Difference = false, what
			}
		}
		r.Steps = append(r.Steps, s)
	}
	return r, nil
}

// read keeps numbers as they are written.
func read(record []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(record))
	d.UseNumber()
	var out map[string]any
	return out, d.Decode(&out)
}

func written(v any) json.RawMessage {
	raw, _ := json.Marshal(v) // it was JSON
	return raw
}

// difference names the first place in which two values differ; empty when there is none.
func difference(path string, then, now any) string {
	switch a := then.(type) {
	case map[string]any:
		if b, ok := now.(map[string]any); ok {
			return inObject(path, a, b)
		}
	case []any:
		if b, ok := now.([]any); ok {
			return inList(path, a, b)
		}
	}
	if one, other := string(written(then)), string(written(now)); one != other {
		return fmt.Sprintf("%s: recorded %s, again %s", path, one, other)
	}
	return ""
}

func inObject(path string, a, b map[string]any) string {
	keys := slices.Collect(maps.Keys(a))
	for key := range b {
		if _, ok := a[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if strings.Contains(path, ".reasons[") && passedOver[key] {
			continue
		}
		if what := difference(path+"."+key, a[key], b[key]); what != "" {
			return what
		}
	}
	return ""
}

func inList(path string, a, b []any) string {
	for i := range max(len(a), len(b)) {
		var one, other any
		if i < len(a) {
			one = a[i]
		}
		if i < len(b) {
			other = b[i]
		}
		if what := difference(fmt.Sprintf("%s[%d]", path, i), one, other); what != "" {
			return what
		}
	}
	return ""
}
