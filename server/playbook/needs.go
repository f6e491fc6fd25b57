package playbook

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// needs sums up what a sound play reads.
func (r *reader) needs(p *Play) {
	var names []string
	if p.When != nil {
		names = p.When.Variables()
	}
	if p.Hour != nil {
		names = slices.Concat(names, p.Hour.Variables())
	}
	for _, proposal := range p.Propose {
		a := proposal.Action
		for _, f := range []*Formula{proposal.Likelihood, a.Value, a.Cost, a.Weight} {
			if f != nil { // of an action that is wrong
				names = slices.Concat(names, f.Variables())
			}
		}
	}
	for _, name := range names {
		room, rest, _ := strings.Cut(name, ".")
		switch room {
		case "predictions":
			p.Needs.Predictions |= 1 << r.scope.tasks[rest]
		case "intents":
			p.Needs.Intents = true
		case "event":
			p.Needs.Event = true
		case "context":
			p.Needs.Context = true
		}
	}
}

// answers are the events that tell what became of an action.
var answers = []string{
	event.ActionShown, event.ActionAccepted, event.ActionDeclined, event.ActionDismissed, event.ActionConverted, event.ActionExpired,
}

// circles complains of plays that could never end, or never fire.
func (r *reader) circles(n ast.Node, p *Play, given []yamlfile.Entry) {
	for _, name := range p.Unless {
		if slices.Contains(p.On, name) {
			r.Fail(entry(given, "unless").Value, "unless: a cycle: %s both starts the play and makes it moot", name)
		}
	}
	for key, names := range map[string][]string{"on": p.On, "unless": p.Unless} {
		if slices.Contains(names, event.SessionStarted) {
			r.Suggest(entry(given, key).Value, "name what a visit begins with, such as Page Viewed",
				"%s: %s is never sent, but made when features are counted", key, event.SessionStarted)
		}
	}
	if p.Trigger == OnAsk && reads(p.When, "event.") {
		r.Suggest(entry(given, "when").Value, "have it fire on the event", "when: a play that is asked for has no event")
	}
	for _, name := range answers {
		if !slices.Contains(p.On, name) || reads(p.When, "event.properties.") {
			continue
		}
		for _, proposal := range p.Propose {
			if proposal.Action.Cooldown == 0 {
				r.Suggest(n, "give it a cooldown, or ask in when for event.properties.action",
					"play: a cycle: %s fires the play, which proposes %s, which leads to %s again", name, proposal.Action.Name, name)
			}
		}
	}
}

// reads tells whether a condition names anything that begins so.
func reads(p *Predicate, prefix string) bool {
	return p != nil && slices.ContainsFunc(p.Variables(), func(name string) bool { return strings.HasPrefix(name, prefix) })
}

func entry(given []yamlfile.Entry, key string) yamlfile.Entry {
	return given[slices.IndexFunc(given, func(e yamlfile.Entry) bool { return e.Key == key })]
}
