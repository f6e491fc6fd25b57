package features

import (
	"slices"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Bounds of what is remembered of a customer's traits; what goes beyond is dropped.
const (
	maxTraits      = 32
	maxTraitsBytes = 1 << 10
	maxScopes      = 64
)

// identify takes in what an identify event says. A trait given again replaces the earlier one; null takes it away.
func (s *State) identify(traits event.Object) {
	for _, f := range traits {
		if f.Key == "opt_out" {
			s.optOut = parseOptOut(f.Value)
			continue
		}
		s.setTrait(f)
	}
}

func (s *State) setTrait(f event.Field) {
	next := slices.DeleteFunc(slices.Clone(s.traits), func(t event.Field) bool { return t.Key == f.Key })
	if f.Kind != event.Null {
		next = append(next, event.Field{Key: f.Key, Value: f.Value.Clone()})
	}
	if len(next) <= maxTraits && len(next.AppendJSON(nil)) <= maxTraitsBytes {
		s.traits = next
	}
}

// parseOptOut reads true, false, one scope or a list of them.
func parseOptOut(v event.Value) OptOut {
	switch v.Kind {
	case event.Bool:
		return OptOut{All: v.Truth()}
	case event.String:
		return OptOut{Scopes: []string{v.Str}}
	case event.List:
		var o OptOut
		for _, item := range v.Items {
			if t := item.Text(); t != "" && len(o.Scopes) < maxScopes {
				o.Scopes = append(o.Scopes, t)
			}
		}
		slices.Sort(o.Scopes)
		o.Scopes = slices.Compact(o.Scopes)
		return o
	}
	return OptOut{}
}
