package reason

import (
	"strings"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// about lists the facts of a name in a condition that compares it with texts.
func (c *compiler) about(name string, texts []string) []fact {
	room, rest, _ := strings.Cut(name, ".")
	switch room {
	case "features":
		if i, ok := c.set.Index(rest); ok {
			return c.book.columns[i : i+1]
		}
	case "predictions":
		return []fact{c.book.tasks[rest]}
	case "intents":
		return []fact{c.intent(rest)}
	case "tags":
		var tags []fact
		for _, text := range texts {
			tags = append(tags, c.tag(text))
		}
		return tags
	case "channel":
		return []fact{c.channel(name, func(f *playbook.Facts) string { return f.Channel })}
	case "event":
		return []fact{c.event(name, rest)}
	case "context":
		return []fact{c.object(name, rest, c.wording.Properties[rest], c.wording.Fact, func(f *playbook.Facts) event.Object { return f.Context })}
	case "customer":
		return []fact{c.customer(name, rest)}
	}
	return nil
}

func (c *compiler) channel(name string, of func(*playbook.Facts) string) fact {
	f := c.phrased(name, phrases{Text: c.wording.Channel}, nil, func(f *playbook.Facts) event.Value { return textValue(of(f)) })
	f.call = c.wording.word
	return f
}

// event is a fact of the event that fired the play.
func (c *compiler) event(name, rest string) fact {
	switch object, key, _ := strings.Cut(rest, "."); object {
	case "properties":
		return c.object(name, key, c.wording.Properties[key], c.wording.Property, func(f *playbook.Facts) event.Object { return f.Event.Properties })
	case "context":
		return c.object(name, key, c.wording.Properties[key], c.wording.Property, func(f *playbook.Facts) event.Object { return f.Event.Context })
	case "enriched":
		return c.object(name, key, "", c.wording.Property, func(f *playbook.Facts) event.Object { return f.Event.Enriched })
	case "channel":
		return c.channel(name, func(f *playbook.Facts) string {
			if f.Event == nil {
				return ""
			}
			return f.Event.Channel
		})
	}
	return c.happened()
}

// happened is the fact that an event did.
func (c *compiler) happened() fact {
	f := c.phrased("event.name", phrases{Text: c.wording.Just}, nil, func(facts *playbook.Facts) event.Value {
		if facts.Event == nil {
			return event.Value{}
		}
		return textValue(facts.Event.Name)
	})
	f.call = c.wording.event
	return f
}

// object is a fact that stands in an object under a dotted key.
func (c *compiler) object(name, key, known, otherwise string, of func(*playbook.Facts) event.Object) fact {
	keys := strings.Split(key, ".")
	p := phrases{Text: or(known, otherwise), Missing: c.wording.Unknown}
	eventful := strings.HasPrefix(name, "event.")
	return c.phrased(name, p, map[string]string{"name": plain(key)}, func(f *playbook.Facts) event.Value {
		if eventful && f.Event == nil {
			return event.Value{}
		}
		if v := of(f).Path(keys); v != nil {
			return *v
		}
		return event.Value{}
	})
}

func (c *compiler) customer(name, rest string) fact {
	switch object, key, _ := strings.Cut(rest, "."); object {
	case "traits":
		return c.object(name, key, c.wording.Traits[key], c.wording.Trait, func(f *playbook.Facts) event.Object { return f.Customer.Traits })
	case "known":
		return c.phrased(name, c.wording.Known, nil, func(f *playbook.Facts) event.Value { return event.BoolValue(f.Customer.Known) })
	}
	return c.phrased(name, phrases{Text: c.wording.Fact}, map[string]string{"name": rest}, func(f *playbook.Facts) event.Value { return textValue(f.Customer.ID) })
}

// trigger is what brought the play about, and whether that says more than its condition does. When the event is not at hand, as of an
// action that is offered again, what the play waits for stands in for it.
func (c *compiler) trigger(p *playbook.Play) (f fact, waits bool) {
	w := c.wording
	switch p.Trigger {
	case playbook.OnAsk:
		return fact{}, false
	case playbook.OnDwell:
		f = c.event("event.properties.path", "properties.path")
		f.text = w.compile(w.Dwell, map[string]string{"path": p.Dwell.Path, "after": w.span(p.Dwell.LongerThan)})
		return otherwise(f, p.Dwell.Path), true
	}
	f = c.happened()
	if len(p.On) == 1 {
		f = otherwise(f, p.On[0])
	}
	if p.Trigger == playbook.OnEvent {
		return f, false
	}
	var not []string
	for _, name := range p.Unless {
		not = append(not, w.event(name))
	}
	f.text = w.compile(w.Absence, map[string]string{"after": w.span(p.After), "unless": strings.Join(not, w.Or)})
	return f, true
}

// otherwise is a fact that has a value without an event.
func otherwise(f fact, text string) fact {
	value := f.value
	f.value = func(facts *playbook.Facts) event.Value {
		if facts.Event == nil {
			return event.StringValue(text)
		}
		return value(facts)
	}
	return f
}

func textValue(text string) event.Value {
	if text == "" {
		return event.Value{}
	}
	return event.StringValue(text)
}
