package expr

import "github.com/halfstep-ml/halfstep/features/event"

// Type is what is known of a name's values before any input is seen.
type Type uint8

// The static types.
const (
	Any Type = iota // any JSON value
	Number
	Bool
	String
	Strings // a list of strings
)

// Variable says how a name is read from the input. The getter that fits Type is set, and no other: Value for Any, Text for
// String, List for Strings. Getters must not allocate, and must be safe for concurrent use on different inputs.
type Variable[T any] struct {
	Type   Type
	Number func(*T) float64 // NaN when missing
	Bool   func(*T) bool
	Text   func(*T) (string, bool) // false when missing
	Value  func(*T) *event.Value   // nil when missing
	List   func(*T) []string
}

// Scope is the set of names that an expression may read.
type Scope[T any] interface {
	// Resolve finds the variable under a dotted name. It is asked for the whole of the name first (properties.cart.id), then for
	// ever shorter beginnings; fields below an Any that was found under a beginning are followed through its maps.
	Resolve(path []string) (Variable[T], bool)
	// Names lists known names, for suggestions.
	Names() []string
}

// Program is a compiled expression. It is immutable and safe for concurrent use.
type Program[T, V any] struct {
	eval      func(*T) V
	source    string
	variables []string
}

// The programs that the Compile functions make.
type (
	Predicate[T any] = Program[T, bool]
	Formula[T any]   = Program[T, float64]
	Phrase[T any]    = Program[T, string]
	Getter[T any]    = Program[T, event.Value]
)

// Eval computes the expression over one input.
func (p *Program[T, V]) Eval(in *T) V { return p.eval(in) }

// Source is the expression in canonical form: sources that differ only in white space and needless brackets have the same.
func (p *Program[T, V]) Source() string { return p.source }

// Variables are the dotted names that the expression reads, sorted.
func (p *Program[T, V]) Variables() []string { return p.variables }
