package live

import (
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

// Request asks for the predictions of one customer.
type Request struct {
	Customer string // the key of the profile
	Moment   features.Moment
	Events   []event.Event // folded first
	Ask      []string      // tasks; empty: all
	Actions  Wish          // what to decide
	Explain  bool          // say how much each feature moved the scores
	Preview  bool          // commit nothing
	At       int64         // with Preview, the moment to read at; 0: now
	Deadline time.Duration // 0: the engine's
	// IdempotencyKey makes the same request, sent again, the same answer; empty: none.
	IdempotencyKey string
}

// Wish is which actions a caller wants.
type Wish struct {
	None  bool
	Max   int      // 0: defaultActions; less than 0: none
	Kinds []string // empty: any
}

// The things that an answer can lack, as Answer.Degraded names them. model_error is followed by a colon and the task.
const (
	StoreTimeout     = "store_timeout"     // the profile did not come in time
	StoreUnavailable = "store_unavailable" // the profile could not be had
	StateUnreadable  = "state_unreadable"  // the profile is damaged
	FeaturesDefault  = "features_default"  // predictions were made as if nothing was known of the customer
	ModelTimeout     = "model_timeout"     // there was no time to run the models: the scores are base rates
	ModelError       = "model_error"       // a model failed: its score is the base rate
	ExplainTimeout   = "explain_timeout"   // there was no time to find out what features do to the scores
	ExplainError     = "explain_error"     // it could not be found out
	EventsNotStored  = "events_not_stored" // send the events again
	ActionsNotKept   = "actions_not_kept"  // actions could not be committed, so none were issued
	DecisionNotKept  = "decision_not_kept" // the same Idempotency-Key may give another answer
)
