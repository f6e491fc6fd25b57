package features

import "slices"

// Merge takes everything known of from into into: an anonymous visitor turns out to be a customer. Order-free features then read as
// if all events had been folded into one state; where order matters, what is newer by its own time prevails, and into wins a tie.
// from is left as it was.
func (fs *FeatureSet) Merge(into, from *State) {
	into.mergeContacts(from.contacts)
	if from.events == 0 {
		return
	}
	for i := range into.aggs {
		into.aggs[i].Merge(&fs.specs[i].spec, from.aggs[i])
	}
	into.recent.merge(&from.recent)
	into.conversation.merge(&from.conversation)
	if into.events == 0 || from.firstAt < into.firstAt {
		into.firstAt = from.firstAt
	}
	into.lastAt = max(into.lastAt, from.lastAt)
	into.events += from.events
	for _, f := range from.traits {
		if into.traits.Find(f.Key) == nil {
			into.setTrait(f)
		}
	}
	into.optOut.All = into.optOut.All || from.optOut.All
	into.optOut.Scopes = append(into.optOut.Scopes, from.optOut.Scopes...)
	slices.Sort(into.optOut.Scopes)
	into.optOut.Scopes = slices.Compact(into.optOut.Scopes)
	for _, c := range from.carried {
		if !slices.ContainsFunc(into.carried, func(o carriedAggregate) bool { return o.key == c.key }) {
			into.carried = append(into.carried, c)
		}
	}
}
