package features

import (
	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/event"
)

// State is everything that is known of one customer in real time: a fold over their events. It belongs to the FeatureSet that made
// it, is not safe for concurrent use, and can be used again after Reset.
type State struct {
	set      *FeatureSet
	events   int64 // folded
	firstAt  int64 // of the oldest folded event, Unix milliseconds
	lastAt   int64 // of the newest
	recent   recent
	aggs     []aggregate.Aggregate // one a spec of the set
	traits   event.Object
	optOut   OptOut
	contacts []Contact
	marks    []Mark
	waits    []Wait
	names    map[string]string // of contacts and timers, kept from customer to customer
	carried  []carriedAggregate

	conversation conversation

	unknown []section

	// What Fold and Read hand to compiled expressions; kept here because it would escape to the heap on every call.
	scratch struct {
		occurrence occurrence
		input      aggregate.Input
		vector     Vector
	}
}

// carriedAggregate is the value of an aggregate that this revision of the definitions does not know.
type carriedAggregate struct {
	key  uint32
	base int64 // what its times are relative to
	data []byte
}

// section is a part of the encoding that this version of the program does not know.
type section struct {
	tag  byte
	data []byte
}

// OptOut is what a customer does not want to be sent.
type OptOut struct {
	All    bool
	Scopes []string // kinds, channels or actions
}

// Any says whether there is anything the customer opted out of.
func (o OptOut) Any() bool { return o.All || len(o.Scopes) > 0 }

// NewState returns the state of a customer nothing is known of.
func (fs *FeatureSet) NewState() *State {
	s := &State{set: fs, aggs: make([]aggregate.Aggregate, len(fs.specs))}
	for i := range fs.specs {
		s.aggs[i] = aggregate.New(&fs.specs[i].spec)
	}
	return s
}

// Reset forgets the customer and keeps the memory.
func (s *State) Reset() {
	for _, a := range s.aggs {
		a.Reset()
	}
	s.recent.reset()
	s.conversation.reset()
	s.events, s.firstAt, s.lastAt = 0, 0, 0
	s.traits, s.optOut = nil, OptOut{}
	s.carried, s.unknown = s.carried[:0], s.unknown[:0]
	clear(s.contacts)
	clear(s.marks)
	clear(s.waits)
	s.contacts, s.marks, s.waits = s.contacts[:0], s.marks[:0], s.waits[:0]
}

// Events is how many events were folded.
func (s *State) Events() int64 { return s.events }

// Seen says whether an event of this id would be a Duplicate.
func (s *State) Seen(id string) bool { return s.recent.seen(eventHash(id)) }

// FirstAt is the time of the oldest folded event in Unix milliseconds, 0 when there is none.
func (s *State) FirstAt() int64 { return s.firstAt }

// LastAt is the time of the newest folded event in Unix milliseconds, 0 when there is none.
func (s *State) LastAt() int64 { return s.lastAt }

// Traits is what identify events said of the customer. The caller must not change it.
func (s *State) Traits() event.Object { return s.traits }

// OptOut is what the customer does not want to be sent.
func (s *State) OptOut() OptOut { return s.optOut }

// Cart is the open cart. OpenedAt is in Unix milliseconds, 0 when the cart is empty.
type Cart struct {
	Items    int64
	Lines    int64
	Total    float64
	OpenedAt int64
}

// Cart returns the open cart; it is empty when the FeatureSet has no cart features.
func (s *State) Cart() Cart {
	if s.set.cart < 0 {
		return Cart{}
	}
	var c Cart
	c.Items, c.Lines, c.Total, c.OpenedAt = s.aggs[s.set.cart].(*aggregate.Cart).Contents()
	return c
}
