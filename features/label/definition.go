package label

import (
	"math"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// Definition is a label file, compiled. It is immutable and safe for concurrent use.
type Definition struct {
	Name    string
	Meaning string
	Keys    []string // names of the key columns, in the file's order
	Text    string   // the file
	Digest  string   // SHA-256 of the file, in hexadecimal

	session  *session // nil: a customer's history is one
	points   points
	positive selectors
	none     bool
	horizon  horizon
	keys     []*expr.Getter[event.Event]
}

// Point is one labelled moment of a customer's history.
type Point struct {
	// After is the index of the event that the point comes right after: those up to it are known, in their order. It is Calendar
	// for an instant of the calendar, where those events are known that KnownAt says.
	After int
	// At is when the features are read, Unix milliseconds. It is never before the time of a known event.
	At int64
	// Ends is the end of the horizon: with data that ends earlier there is no answer. Never when there is none however far the data goes.
	Ends  int64
	Label float32 // 1 or 0
	Draw  int32   // of a random prefix, which draw of its session, from 0
	Keys  []string
}

// Calendar in Point.After marks an instant of the calendar.
const Calendar = -1

// Never in Point.Ends says that the history does not hold the answer.
const Never = math.MaxInt64

// KnownAt is when an event of the past is known of: it has happened, and has arrived. Unix milliseconds.
func KnownAt(e *event.Event) int64 {
	at, _ := e.Time()
	return max(at, e.ReceivedAt)
}

// Draws says whether the points are numbered draws of sessions.
func (d *Definition) Draws() bool { return d.points.kind == prefixPoints }

// Snapshot is a definition without an answer: one point a customer, at an instant, or with the zero time right after their last event.
// Its labels are NaN.
func Snapshot(at time.Time) *Definition {
	d := &Definition{Name: "snapshot", Meaning: "none: what was known of each customer", horizon: horizon{kind: noHorizon}}
	d.points.from, d.points.until = always, forever
	if d.points.kind = lastPoint; !at.IsZero() {
		d.points.kind, d.points.at = calendarPoints, []int64{at.UnixMilli()}
	}
	return d
}
