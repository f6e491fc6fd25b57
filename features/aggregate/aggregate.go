// Package aggregate holds the small mergeable summaries that a customer's state is made of: one type a kind, each of which takes
// in events one by one, reads out features at an instant, merges with its like, and encodes itself.
//
// Two families differ in what order means to them. Order-free ones (windows, totals, distinct, first, time since, streak, top)
// come out the same however their events were shuffled. The others (last, run length, series, decayed sum, cart) follow arrival.
package aggregate

import (
	"fmt"
	"math"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Missing is the fixed-point value of an event that carries none.
const Missing = math.MinInt64

// Input is one event, as an aggregate sees it.
type Input struct {
	At    int64        // Unix milliseconds
	Day   int32        // days since 1970-01-01 in the feature set's timezone
	Value int64        // fixed-point millionths, Missing when the event has none; for distinct the hash of the value
	Reset bool         // the event matched reset_on
	Event *event.Event // the cart reads the event itself
}

// Instant is the moment that features are read at.
type Instant struct {
	Millis int64 // Unix milliseconds
	Day    int32 // days since 1970-01-01 in the feature set's timezone
}

// Output says which of its results an aggregate writes into which column of the vector.
type Output struct {
	Column int
	Pick   int     // which result: the index of a window, or a constant of the kind
	Scale  float64 // results in milliseconds are divided by it
}

// Spec is what is fixed for an aggregate by its definition. It is shared by all customers and never changes.
type Spec struct {
	Kind     Kind
	Windows  []int64 // ascending, milliseconds; empty: all time
	K        int     // length of a series
	HalfLife int64   // of a decayed sum, milliseconds
	Outputs  []Output

	levels []level // tile widths of a window, from fine to coarse
}

// Aggregate is one summary of one customer.
type Aggregate interface {
	// Add takes in an event.
	Add(s *Spec, in *Input)
	// Read writes the outputs at now, which is not before the newest event; NaN where there is no value.
	Read(s *Spec, now Instant, out []float32)
	// Merge takes in everything that other, of the same spec, has seen. Where order matters the later one prevails.
	Merge(s *Spec, other Aggregate)
	// Append encodes the aggregate; times are written relative to base, the state's newest event.
	Append(s *Spec, dst []byte, base int64) []byte
	// Decode is the reverse. What it accepts encodes to the same bytes again.
	Decode(s *Spec, r *Reader, base int64)
	// Empty says that nothing was taken in, so nothing needs to be stored.
	Empty() bool
	// Reset makes it empty, keeping its memory.
	Reset()
}

// Kind names how events are aggregated.
type Kind uint8

// The kinds of aggregates, as features.yaml names them.
const (
	Count Kind = iota + 1
	Sum
	Mean
	Min
	Max
	Last
	First
	Distinct
	TimeSinceLast
	TimeSinceFirst
	RunLength
	StreakDays
	DecayedSum
	LastK
	Top
	CartKind
)

var kindNames = map[string]Kind{
	"count": Count, "sum": Sum, "mean": Mean, "min": Min, "max": Max, "last": Last, "first": First, "distinct": Distinct,
	"time_since_last": TimeSinceLast, "time_since_first": TimeSinceFirst, "run_length": RunLength, "streak_days": StreakDays,
	"decayed_sum": DecayedSum, "last_k": LastK, "top": Top, "cart": CartKind,
}

// ParseKind finds a kind by its name in features.yaml.
func ParseKind(name string) (Kind, bool) {
	k, ok := kindNames[name]
	return k, ok
}

// KindNames lists what ParseKind knows.
func KindNames() []string {
	names := make([]string, 0, len(kindNames))
	for name := range kindNames {
		names = append(names, name)
	}
	return names
}

// OrderFree says whether the kind's result is the same for every order of arrival.
func (k Kind) OrderFree() bool {
	switch k {
	case Last, RunLength, DecayedSum, LastK, CartKind:
		return false
	}
	return true
}

// Windowed says whether the kind can be limited to windows of time.
func (k Kind) Windowed() bool {
	switch k {
	case Count, Sum, Mean, Min, Max, Distinct:
		return true
	}
	return false
}

// Prepare checks the spec and fills in what is derived from it.
func (s *Spec) Prepare() error {
	if len(s.Windows) > 0 && !s.Kind.Windowed() {
		return fmt.Errorf("this aggregate takes no windows")
	}
	if len(s.Windows) > 0 && s.Kind != Distinct {
		var err error
		s.levels, err = tileLevels(s.Windows)
		return err
	}
	return nil
}

// New returns an empty aggregate for a spec.
func New(s *Spec) Aggregate {
	switch s.Kind {
	case Count, Sum, Mean, Min, Max:
		if len(s.Windows) > 0 {
			return new(window)
		}
		return new(total)
	case Last, First, TimeSinceLast, TimeSinceFirst:
		return new(point)
	case Distinct:
		return new(distinct)
	case RunLength:
		return new(run)
	case StreakDays:
		return new(streak)
	case DecayedSum:
		return new(decayed)
	case LastK:
		return new(series)
	case Top:
		return new(top)
	case CartKind:
		return new(Cart)
	}
	panic(fmt.Sprintf("aggregate: kind %d has no implementation", s.Kind))
}

var missing = float32(math.NaN())

const million = 1_000_000

// Fixed turns a number into fixed-point millionths, Missing for NaN. It saturates at about nine trillion.
func Fixed(f float64) int64 {
	const limit = (math.MaxInt64 / 1024) * 1023
	m := math.Round(float64(f * million))
	switch {
	case m != m:
		return Missing
	case m >= limit:
		return limit
	case m <= -limit:
		return -limit
	}
	return int64(m)
}

func toFloat(fixed int64) float32 { return float32(float64(fixed) / million) }

// addSaturating keeps a sum of extremes from wrapping round.
func addSaturating(a, b int64) int64 {
	c := a + b
	switch {
	case a > 0 && b > 0 && c < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && c >= 0, c == Missing:
		return math.MinInt64 + 1
	}
	return c
}
