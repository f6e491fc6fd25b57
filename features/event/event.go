// Package event is the one vocabulary that everything a customer does is told in: Segment's shape and names, validated and
// normalised. It knows nothing of features or stores.
package event

import (
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// Limits of what is accepted, after Segment's.
const (
	MaxEventBytes = 32 << 10  // one event
	MaxBatchBytes = 500 << 10 // one request
	MaxBatch      = 2500      // events in one request
	MaxDepth      = 16        // nesting of properties and context
	MaxKeys       = 512       // keys of one event, nested ones included
	MaxIDBytes    = 256       // customer_id, anonymous_id
	MaxEventID    = 100       // id, as Segment's messageId
	MaxName       = 200       // event name
)

// MaxAhead is how far `at` may run ahead of `received_at` before it is clamped.
const MaxAhead = 5 * time.Minute

// The types of events.
const (
	Track    = "track"
	Page     = "page"
	Screen   = "screen"
	Identify = "identify"
	Alias    = "alias"
)

// Names that the types other than track are folded under.
const (
	PageViewed     = "Page Viewed"
	ScreenViewed   = "Screen Viewed"
	Identified     = "Identified"
	Aliased        = "Aliased"
	SessionStarted = "Session Started" // made by the fold, never sent

	MessageReceived = "Message Received" // from the customer
	MessageSent     = "Message Sent"     // to the customer

	OrderCompleted = "Order Completed"
	PageLeft       = "Page Left"

	ActionShown     = "Action Shown"
	ActionAccepted  = "Action Accepted"
	ActionDeclined  = "Action Declined"
	ActionDismissed = "Action Dismissed"
	ActionConverted = "Action Converted"
	ActionExpired   = "Action Expired"
)

// Event is one thing that happened to one customer.
type Event struct {
	ID          string
	Type        string
	Name        string
	CustomerID  string
	AnonymousID string
	PreviousID  string // of an alias
	At          int64  // when it happened by the customer's clock; Unix milliseconds
	ReceivedAt  int64  // when it reached us; Unix milliseconds
	SentAt      int64  // when the client sent it; Unix milliseconds, 0 when not given
	Channel     string
	Properties  Object
	Context     Object
	Traits      Object
	Enriched    Object // what our own models read out of the text
}

// AnonymousPrefix marks the profile of a visitor who has not said who they are. It keeps anonymous ids apart from customer ids
// of the same spelling; a customer_id that begins with it is refused.
const AnonymousPrefix = "anon:"

// Key is the customer that the event belongs to: the customer_id, or else the anonymous_id under its own prefix.
func (e *Event) Key() string { return CustomerKey(e.CustomerID, e.AnonymousID) }

// CustomerKey is the id that a profile is kept under.
func CustomerKey(customerID, anonymousID string) string {
	if customerID != "" {
		return customerID
	}
	if anonymousID == "" {
		return ""
	}
	return AnonymousPrefix + anonymousID
}

// Time is the moment the event is folded at: `at`, but never more than MaxAhead after `received_at`. Clamped says whether it was cut.
func (e *Event) Time() (at int64, clamped bool) {
	if limit := e.ReceivedAt + MaxAhead.Milliseconds(); e.At > limit {
		return e.ReceivedAt, true
	}
	return e.At, false
}

// AssignID gives an event that came without an id a new one. Such an event cannot be recognised when it is sent again.
func (e *Event) AssignID() {
	if e.ID == "" {
		e.ID = ulid.Make().String()
	}
}

// normalise gives the event one name whatever type it came as, and one channel spelling.
func (e *Event) normalise() {
	if e.Type == "" {
		e.Type = Track
	}
	switch e.Type {
	case Page:
		e.pageName(PageViewed)
	case Screen:
		e.pageName(ScreenViewed)
	case Identify:
		e.Name = Identified
	case Alias:
		e.Name = Aliased
	}
	if e.Channel == "" {
		if v := e.Context.Find("channel"); v != nil {
			e.Channel = v.Text()
		}
	}
	e.Channel = strings.ToLower(e.Channel)
}

// pageName moves the page's own name into its properties, as Segment's libraries do, and names the event after its type.
func (e *Event) pageName(as string) {
	if e.Name != "" && e.Name != as && e.Properties.Find("name") == nil {
		e.Properties = e.Properties.Set("name", StringValue(e.Name))
	}
	e.Name = as
}
