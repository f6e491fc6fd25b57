package features

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/event"
)

// Contact is an action that was issued to a customer, or would have been but for a holdout. Caps, cooldowns and fatigue are counted
// over contacts, and outcomes are told of them.
type Contact struct {
	ID       string // of this one action: the decision's, a dot, and which of the decision's it is
	Action   string // by the playbook's name
	Kind     string
	Channel  string
	Variant  string
	Play     string
	At       int64 // issued, Unix milliseconds
	Expires  int64 // Unix milliseconds
	Credit   int64 // an order until then, Unix milliseconds, is its conversion
	Answered int64 // when the last of the outcomes came, Unix milliseconds; 0: none did
	Flags    ContactFlags
	Outcomes Outcomes
}

// Decision is the id of the decision that issued it.
func (c *Contact) Decision() string {
	decision, _, _ := strings.Cut(c.ID, ".")
	return decision
}

// ContactFlags say what kind of contact it is.
type ContactFlags uint8

// The flags of contacts.
const (
	Held      ContactFlags = 1 << iota // withheld by a holdout: counted, never sent
	Proactive                          // nobody had asked
	Staff                              // addressed to staff
)

// Outcomes is a set of what became of a contact.
type Outcomes uint8

// The outcomes of contacts.
const (
	Shown Outcomes = 1 << iota
	Accepted
	Declined
	Dismissed
	Converted
	Expired
)

// outcomeEvents are the events that tell of outcomes.
var outcomeEvents = map[string]Outcomes{
	event.ActionShown: Shown, event.ActionAccepted: Accepted, event.ActionDeclined: Declined,
	event.ActionDismissed: Dismissed, event.ActionConverted: Converted, event.ActionExpired: Expired,
}

// String is the outcome as callers name it, of a set with one.
func (o Outcomes) String() string {
	for i, name := range [...]string{"shown", "accepted", "declined", "dismissed", "converted", "expired"} {
		if o == 1<<i {
			return name
		}
	}
	return ""
}

// Mark is an outcome that a fold has taken in for the first time.
type Mark struct {
	Contact Contact
	Outcome Outcomes
	Value   float64 // of the order or outcome; 0: none given
	At      int64   // Unix milliseconds
}

// Contacts beyond these are forgotten, the oldest first.
const (
	maxContacts  = 1024
	contactAge   = 400 * 24 * 60 * 60 * 1000
	contactSpare = 64 // this many are kept whatever their age
)

// Contacts are the actions issued to the customer, in that order. The caller must not change them.
func (s *State) Contacts() []Contact { return s.contacts }

// Contact finds a contact by its id, nil when there is none.
func (s *State) Contact(id string) *Contact {
	for i := range s.contacts {
		if s.contacts[i].ID == id {
			return &s.contacts[i]
		}
	}
	return nil
}

// Issue writes down that an action was issued.
func (s *State) Issue(c Contact) {
	s.contacts = append(s.contacts, c)
	drop := max(len(s.contacts)-maxContacts, 0)
	for drop < len(s.contacts)-contactSpare && s.contacts[drop].At < c.At-contactAge {
		drop++
	}
	s.contacts = slices.Delete(s.contacts, 0, drop)
}

// Marks are the outcomes that were folded since the state was decoded or reset.
func (s *State) Marks() []Mark { return s.marks }

// hear takes in what an event tells of contacts: an outcome, by its action_id, or an order.
func (s *State) hear(e *event.Event, at int64) {
	if len(s.contacts) == 0 {
		return
	}
	if e.Name == event.OrderCompleted {
		value := e.Properties.Get("revenue")
		for i := range s.contacts {
			if c := &s.contacts[i]; c.Flags&Staff == 0 && c.At <= at && at <= c.Credit {
				s.mark(c, Converted, value.Float(), at)
			}
		}
		return
	}
	outcome, ok := outcomeEvents[e.Name]
	if !ok {
		return
	}
	id, value := e.Properties.Get("action_id"), e.Properties.Get("value")
	if c := s.Contact(id.Text()); c != nil {
		s.mark(c, outcome, value.Float(), at)
	}
}

func (s *State) mark(c *Contact, o Outcomes, value float64, at int64) {
	if c.Outcomes&o != 0 {
		return
	}
	c.Outcomes |= o
	c.Answered = max(c.Answered, at)
	if value != value {
		value = 0
	}
	s.marks = append(s.marks, Mark{Contact: *c, Outcome: o, Value: value, At: at})
}

func (s *State) mergeContacts(from []Contact) {
	for i := range from {
		if s.Contact(from[i].ID) == nil {
			s.contacts = append(s.contacts, from[i])
		}
	}
	slices.SortStableFunc(s.contacts, func(a, b Contact) int { return int(min(max(a.At-b.At, -1), 1)) })
	s.contacts = slices.Delete(s.contacts, 0, max(len(s.contacts)-maxContacts, 0))
}

// appendContacts encodes each with its times relative to the one before it.
func (s *State) appendContacts(dst []byte) []byte {
	last := int64(0)
	for i := range s.contacts {
		c := &s.contacts[i]
		for _, text := range [...]string{c.ID, c.Action, c.Kind, c.Channel, c.Variant, c.Play} {
			dst = appendString(dst, text)
		}
		for _, ms := range [...]int64{c.At - last, c.Expires - c.At, c.Credit - c.At, c.Answered} {
			dst = binary.AppendVarint(dst, ms)
		}
		dst = append(dst, byte(c.Flags), byte(c.Outcomes))
		last = c.At
	}
	return dst
}

// maxNames bounds the names that a state keeps for the next customer, to whom the same playbook speaks.
const maxNames = 512

func (s *State) name(b []byte) string {
	if name, ok := s.names[string(b)]; ok {
		return name
	}
	if s.names == nil || len(s.names) == maxNames {
		s.names = map[string]string{}
	}
	name := string(b)
	s.names[name] = name
	return name
}

func (s *State) decodeContacts(r *aggregate.Reader) {
	last := int64(0)
	for r.Len() > 0 && r.Err() == nil {
		var c Contact
		c.ID = readString(r)
		for _, text := range [...]*string{&c.Action, &c.Kind, &c.Channel, &c.Variant, &c.Play} {
			*text = s.name(readBytes(r))
		}
		c.At = r.Int() + last
		c.Expires, c.Credit, c.Answered = r.Int()+c.At, r.Int()+c.At, r.Int()
		c.Flags, c.Outcomes = ContactFlags(r.Byte()), Outcomes(r.Byte())
		last = c.At
		s.contacts = append(s.contacts, c)
		if len(s.contacts) > maxContacts || c.ID == "" {
			r.Fail()
		}
	}
}
