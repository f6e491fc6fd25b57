package playbook

import (
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

var playKeys = []string{"name", "on", "after", "unless", "hour", "dwell", "ask", "when", "propose"}

func (r *reader) plays(e yamlfile.Entry) {
	nodes := r.List(e.Value, "plays")
	if len(nodes) > maxPlays {
		r.Suggest(e.Value, "join those that differ in little", "plays: at most %d are accepted, got %d", maxPlays, len(nodes))
		return
	}
	names := map[string]bool{}
	for i, n := range nodes {
		if len(r.Problems) >= maxProblems {
			r.Fail(n, "plays: the rest was not looked at: there are %d problems already", maxProblems)
			return
		}
		given := r.Mapping(n, "play", playKeys)
		p := &Play{Index: i}
		r.play(n, p, given)
		if p.Name != "" && names[p.Name] {
			r.Fail(n, "name: an earlier play is named %s too", p.Name)
		}
		names[p.Name] = true
		r.book.Plays = append(r.book.Plays, p)
	}
}

func (r *reader) play(n ast.Node, p *Play, given []yamlfile.Entry) {
	if given == nil {
		return
	}
	before := len(r.Problems)
	for _, field := range given {
		switch field.Key {
		case "name":
			p.Name = r.name(field)
		case "on":
			p.On = r.names(field)
		case "after":
			p.After = r.Duration(field, time.Second, longest)
		case "unless":
			p.Unless = r.names(field)
		case "hour":
			p.Hour = r.formula(field, 0, 23)
		case "dwell":
			p.Dwell = r.dwell(field)
		case "ask":
			if !r.Flag(field) {
				r.Fail(field.Value, "ask: expected true, or no ask at all")
			}
		case "when":
			r.when(field, p)
		case "propose":
			p.Propose = r.proposals(field)
		}
	}
	r.required(n, "play", given, "name", "propose")
	r.trigger(n, p, given)
	if len(r.Problems) == before {
		r.needs(p)
		r.circles(n, p, given)
	}
}

// trigger finds out what makes a play fire.
func (r *reader) trigger(n ast.Node, p *Play, given []yamlfile.Entry) {
	has := func(key string) bool {
		return slices.ContainsFunc(given, func(e yamlfile.Entry) bool { return e.Key == key })
	}
	triggers := 0
	for i, key := range []string{"on", "dwell", "ask"} {
		if has(key) {
			triggers++
			p.Trigger = [...]Trigger{OnEvent, OnDwell, OnAsk}[i]
		}
	}
	if triggers != 1 {
		r.Fail(n, "play: expected exactly one of on, dwell and ask")
		return
	}
	switch {
	case has("after") != has("unless"):
		r.Suggest(n, "as in {on: Product Added, after: 24h, unless: Order Completed}", "play: after and unless go together")
	case has("after") && p.Trigger != OnEvent:
		r.Fail(n, "play: after and unless go with on")
	case has("after"):
		p.Trigger = OnAbsence
	case has("hour"):
		r.Fail(n, "play: hour goes with after")
	}
}

func (r *reader) dwell(e yamlfile.Entry) Dwell {
	var d Dwell
	given := r.Mapping(e.Value, e.Key, []string{"path", "longer_than"})
	for _, field := range given {
		switch field.Key {
		case "path":
			d.Path = r.Text(field)
			if strings.ContainsAny(strings.TrimSuffix(d.Path, "*"), "*?#") {
				r.Fail(field.Value, "path: expected a path without its query, with * only at its end, got %q", d.Path)
			}
		case "longer_than":
			d.LongerThan = r.Duration(field, time.Second, 24*time.Hour)
		}
	}
	r.required(e.At, e.Key, given, "path", "longer_than")
	return d
}

// when compiles a condition whole, and again in its clauses.
func (r *reader) when(e yamlfile.Entry, p *Play) {
	p.When = yamlfile.Compile(&r.Document, e, expr.CompileBool[Facts], expr.Scope[Facts](r.scope))
	if p.When == nil {
		return
	}
	for _, source := range expr.Conjuncts(p.When.Source()) {
		clause, err := expr.CompileBool(source, expr.Scope[Facts](r.scope))
		if err != nil {
			r.Expression(e.Value, e.Key, err)
			return
		}
		late := reads(clause, "predictions.")
		p.Clauses = append(p.Clauses, Clause{Predicate: clause, ReadsPredictions: late})
		if !late {
			p.possible = append(p.possible, clause)
		}
	}
}

func (r *reader) proposals(e yamlfile.Entry) []Proposal {
	nodes := r.List(e.Value, e.Key)
	if _, list := e.Value.(*ast.SequenceNode); list && (len(nodes) == 0 || len(nodes) > maxNames) {
		r.Fail(e.Value, "propose: expected 1 to %d actions, got %d", maxNames, len(nodes))
		return nil
	}
	var out []Proposal
	for _, n := range nodes {
		p := Proposal{Likelihood: r.constant(1)}
		if name, ok := yamlfile.Scalar(n); ok {
			p.Action = r.known(n, name)
		} else {
			given := r.Mapping(n, e.Key, []string{"action", "likelihood"})
			for _, field := range given {
				if field.Key == "likelihood" {
					p.Likelihood = r.formula(field, 0, 1)
				} else if name := r.Text(field); name != "" {
					p.Action = r.known(field.Value, name)
				}
			}
			r.required(n, e.Key, given, "action")
		}
		if p.Action != nil && slices.ContainsFunc(out, func(o Proposal) bool { return o.Action == p.Action }) {
			r.Fail(n, "propose: %s stands there twice", p.Action.Name)
		}
		out = append(out, p)
	}
	return out
}
