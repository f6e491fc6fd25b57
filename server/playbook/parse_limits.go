package playbook

import (
	"maps"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// Channels that reach out to a customer who is elsewhere: quiet hours bind them unless the file lists others. An answer in a session
// is never quiet.
var (
	outreach = []string{"sms", "email", "push", "phone", "wecom"}
	sessions = []string{"web", "app", "mini_program", "chat"}
)

// InSession tells whether who is on a channel is there now, and gets an answer there.
func InSession(channel string) bool { return slices.Contains(sessions, channel) }

func (r *reader) caps(e yamlfile.Entry) {
	for _, c := range r.limits(e, 1000) {
		r.book.Caps = append(r.book.Caps, Cap(c))
	}
}

func (r *reader) budgets(e yamlfile.Entry) {
	for _, c := range r.limits(e, 1_000_000_000) {
		r.book.Budgets = append(r.book.Budgets, Budget(c))
	}
}

func (r *reader) limits(e yamlfile.Entry, most int) []Cap {
	nodes := r.List(e.Value, e.Key)
	if len(nodes) > maxLimits {
		r.Fail(e.Value, "%s: at most %d are accepted, got %d", e.Key, maxLimits, len(nodes))
		return nil
	}
	out := make([]Cap, 0, len(nodes))
	for _, n := range nodes {
		var c Cap
		given := r.Mapping(n, e.Key, []string{"name", "scope", "max", "per"})
		for _, field := range given {
			switch field.Key {
			case "name":
				c.Name = r.name(field)
				if c.Name != "" && slices.ContainsFunc(out, func(o Cap) bool { return o.Name == c.Name }) {
					r.Fail(field.Value, "name: another of the %s is named %s too", e.Key, c.Name)
				}
			case "scope":
				c.Scope = r.scopeOf(field)
			case "max":
				c.Max = r.Integer(field, 0, most)
			case "per":
				c.Per = r.period(field)
			}
		}
		r.required(n, e.Key, given, "name", "scope", "max", "per")
		out = append(out, c)
	}
	return out
}

func (r *reader) scopeOf(e yamlfile.Entry) Scope {
	if s, ok := yamlfile.Scalar(e.Value); ok {
		if s != string(ScopeAll) {
			r.Suggest(e.Value, "one kind is written {kind: coupon}", "scope: expected all, or one kind, action or channel, got %q", s)
		}
		return Scope{By: ScopeAll}
	}
	given := r.Mapping(e.Value, "scope", []string{string(ScopeKindOf), string(ScopeAction), string(ScopeChannel)})
	if len(given) != 1 {
		r.Fail(e.Value, "scope: expected all, or exactly one of kind, action and channel")
		return Scope{}
	}
	field := given[0]
	s := Scope{By: ScopeKind(field.Key), Name: r.Text(field)}
	switch s.By {
	case ScopeAction:
		r.known(field.Value, s.Name)
	case ScopeKindOf:
		r.used(field, s.Name, r.kinds)
	case ScopeChannel:
		r.used(field, s.Name, r.channels)
	}
	return s
}

// used complains of a kind or channel that no action has.
func (r *reader) used(e yamlfile.Entry, name string, among map[string]bool) {
	if name != "" && !among[name] {
		r.Suggest(e.Value, yamlfile.Nearest(name, slices.Sorted(maps.Keys(among))), "%s: no action has the %s %s", e.Key, e.Key, name)
	}
}

// known finds an action by name, and complains when there is none.
func (r *reader) known(at ast.Node, name string) *Action {
	a := r.book.actions[name]
	if a == nil {
		r.Suggest(at, yamlfile.Nearest(name, slices.Sorted(maps.Keys(r.book.actions))), "unknown action %s", name)
	}
	return a
}

func (r *reader) quietHours(e yamlfile.Entry) {
	q := &r.book.QuietHours
	q.Channels = outreach
	given := r.Mapping(e.Value, e.Key, []string{"from", "to", "channels"})
	for _, field := range given {
		switch field.Key {
		case "from":
			q.From = r.minuteOfDay(field)
		case "to":
			q.To = r.minuteOfDay(field)
		case "channels":
			q.Channels = r.channelNames(field)
			for _, c := range q.Channels {
				if slices.Contains(sessions, c) {
					r.Suggest(field.Value, "leave it out", "channels: an answer on %s is given in a session, and never quiet", c)
				}
			}
		}
	}
	if r.required(e.At, e.Key, given, "from", "to") && q.From == q.To {
		r.Suggest(e.Value, "leave quiet_hours out for never", "quiet_hours: from and to are the same")
	}
}

func (r *reader) holdout(e yamlfile.Entry) {
	h := &r.book.Holdout
	h.Salt = defaultHoldout
	given := r.Mapping(e.Value, e.Key, []string{"share", "salt"})
	for _, field := range given {
		switch field.Key {
		case "share":
			h.Share = r.number(field, 0, 1)
		case "salt":
			h.Salt = r.Text(field)
		}
	}
	r.required(e.At, e.Key, given, "share")
}

func (r *reader) fatigue(e yamlfile.Entry) {
	f := &r.book.Fatigue
	given := r.Mapping(e.Value, e.Key, []string{"declines", "silence"})
	for _, field := range given {
		switch field.Key {
		case "declines":
			f.Declines = r.Integer(field, 1, 100)
		case "silence":
			f.Silence = r.Duration(field, time.Second, longest)
		}
	}
	r.required(e.At, e.Key, given, "declines", "silence")
}
