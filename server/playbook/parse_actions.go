package playbook

import (
	"math"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

var actionKeys = []string{"kind", "channels", "audience", "value", "cost", "weight", "cooldown", "expires", "content", "variants", "learning"}

func (r *reader) actions(e yamlfile.Entry) {
	entries := r.Mapping(e.Value, "actions", nil)
	if len(entries) > maxActions {
		r.Fail(e.Value, "actions: at most %d are accepted, got %d", maxActions, len(entries))
		return
	}
	for _, entry := range entries {
		if !r.wellNamed(entry.At, "actions", entry.Key) {
			continue
		}
		a := r.action(entry)
		r.book.Actions, r.book.actions[a.Name] = append(r.book.Actions, a), a
		r.kinds[a.Kind] = true
		for _, channel := range a.Channels {
			r.channels[channel] = true
		}
	}
}

func (r *reader) action(e yamlfile.Entry) *Action {
	one := r.constant(1)
	a := &Action{Name: e.Key, Value: one, Cost: r.constant(0), Weight: one, Expires: defaultExpiry, Learning: r.learning}
	given := r.Mapping(e.Value, e.Key, actionKeys)
	var variants *yamlfile.Entry
	for i, field := range given {
		switch field.Key {
		case "kind":
			a.Kind = r.name(field)
		case "channels":
			a.Channels = r.channelNames(field)
		case "audience":
			a.Staff = oneOf(r, field, "customer", "staff") == "staff"
		case "value":
			a.Value = r.formula(field, 0, math.MaxFloat64)
		case "cost":
			a.Cost = r.formula(field, 0, math.MaxFloat64)
		case "weight":
			a.Weight = r.formula(field, 0, math.MaxFloat64)
		case "cooldown":
			a.Cooldown = r.Duration(field, time.Second, longest)
		case "expires":
			a.Expires = r.Duration(field, time.Second, longest)
		case "content":
			a.Content = r.content(field)
		case "variants":
			variants = &given[i]
		case "learning":
			a.Learning = r.learn(field, r.learning)
		}
	}
	r.required(e.At, e.Key, given, "kind")
	if a.Staff && a.Channels == nil {
		a.Channels = []string{StaffChannel}
	} else {
		r.required(e.At, e.Key, given, "channels")
	}
	if variants != nil {
		r.variants(*variants, a)
	}
	return a
}

func (r *reader) variants(e yamlfile.Entry, a *Action) {
	for _, entry := range r.Mapping(e.Value, "variants", nil) {
		if r.wellNamed(entry.At, "variants", entry.Key) {
			a.Variants = append(a.Variants, Variant{Name: entry.Key, Content: over(a.Content, r.content(entry))})
		}
	}
	if n := len(a.Variants); n > maxVariants {
		r.Fail(e.Value, "variants: at most %d are accepted, got %d", maxVariants, n)
	}
	r.roomFor(e, a.Learning, len(a.Variants))
}

// roomFor complains when each of n cannot have the least propensity.
func (r *reader) roomFor(e yamlfile.Entry, l Learning, n int) {
	if l.Floor*float64(n) > 1+1e-9 {
		r.Suggest(e.Value, "lower the floor, or have fewer", "%s: a floor of %v for each of %d is more than the whole", e.Key, l.Floor, n)
	}
}

func (r *reader) channelNames(e yamlfile.Entry) []string {
	names := r.names(e)
	for _, name := range names {
		r.wellNamed(e.Value, e.Key, name)
	}
	return names
}

// learn lays what a file says over how learning goes otherwise.
func (r *reader) learn(e yamlfile.Entry, l Learning) Learning {
	for _, field := range r.Mapping(e.Value, e.Key, []string{"mode", "reward", "within", "floor", "promote_at", "segment"}) {
		switch field.Key {
		case "mode":
			l.Mode = oneOf(r, field, Bandit, Equal, Frozen, Champion)
		case "reward":
			l.Reward = oneOf(r, field, "accepted", "converted")
		case "within":
			l.Within = r.Duration(field, time.Minute, longest)
		case "floor":
			l.Floor = r.number(field, 0, 0.5)
		case "promote_at":
			l.PromoteAt = r.number(field, 0.5, 1)
		case "segment":
			l.Segment = yamlfile.Compile(&r.Document, field, expr.CompileText[Facts], expr.Scope[Facts](r.scope))
		}
	}
	return l
}

func (r *reader) experiments(e yamlfile.Entry) {
	nodes := r.List(e.Value, "experiments")
	if len(nodes) > maxLimits {
		r.Fail(e.Value, "experiments: at most %d are accepted, got %d", maxLimits, len(nodes))
		return
	}
	for _, n := range nodes {
		x := &Experiment{Share: 1, Learning: r.learning}
		var competing *yamlfile.Entry
		given := r.Mapping(n, "experiment", []string{"name", "actions", "share", "salt", "learning"})
		for i, field := range given {
			switch field.Key {
			case "name":
				x.Name = r.name(field)
				if slices.ContainsFunc(r.book.Experiments, func(o *Experiment) bool { return o.Name == x.Name }) {
					r.Fail(field.Value, "name: an earlier experiment is named %s too", x.Name)
				}
			case "actions":
				competing = &given[i]
			case "share":
				x.Share = r.number(field, 0, 1)
			case "salt":
				x.Salt = r.Text(field)
			case "learning":
				x.Learning = r.learn(field, r.learning)
			}
		}
		if x.Salt == "" {
			x.Salt = x.Name
		}
		if r.required(n, "experiment", given, "name", "actions") {
			r.compete(*competing, x)
		}
		r.book.Experiments = append(r.book.Experiments, x)
	}
}

func (r *reader) compete(e yamlfile.Entry, x *Experiment) {
	names := r.Names(e)
	if len(names) < 2 {
		r.Fail(e.Value, "actions: expected at least two, which compete")
	}
	for _, name := range names {
		a := r.known(e.Value, name)
		switch {
		case a == nil:
		case a.Experiment != nil:
			r.Fail(e.Value, "actions: %s is in the experiment %s already", name, a.Experiment.Name)
		default:
			a.Experiment, x.Actions = x, append(x.Actions, a)
		}
	}
	r.roomFor(e, x.Learning, len(names))
}
