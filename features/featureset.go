// Package features is the ground floor: what is known of a customer, and how it is computed.
//
// A FeatureSet is a revision of the definitions, loaded from a file. Fold takes an event into a customer's State, Read takes a
// vector of features out of it at an instant. Both are pure: no clock, no input or output. The same two serve live scoring, replay
// and rehearsal; nothing else anywhere computes a feature.
package features

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"math"
	"sync"
	"time"

	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/expr"
)

// Bounds of a features file.
const (
	maxFileBytes = 1 << 20
	maxFeatures  = 4096
)

// Feature is one column of a vector.
type Feature struct {
	Name       string
	Meaning    string
	Unit       string
	Kind       string        // aggregate, request or derive
	Hash       string        // of everything that its values depend on; what bundles pin
	Default    float32       // stands for missing; NaN when there is none
	Vocabulary []string      // the values are positions in it; what is not in it is one past its end
	OrderFree  bool          // the same for every order of arrival
	Window     time.Duration // 0: all time
}

// FeatureSet is a revision of the definitions, compiled. It is immutable and safe for concurrent use.
type FeatureSet struct {
	features   []Feature
	index      map[string]int
	revision   string
	source     []byte // the file
	sessionGap int64
	zone       zone

	specs    []keyedSpec // ascending by key
	dispatch map[string][]step
	star     []step
	requests []request
	derived  []derivation
	defaults []int // columns with a default
	tags     []tag
	longest  int64 // the longest window, milliseconds
	cart     int   // which spec is the cart, -1 for none
}

// keyedSpec is an aggregate's definition under the stable key that its values are stored by.
type keyedSpec struct {
	key  uint32
	spec aggregate.Spec
}

type request struct {
	column     int
	value      *expr.Getter[Moment]
	vocabulary []string
}

type derivation struct {
	column  int
	formula *expr.Formula[Vector]
}

type tag struct {
	name string
	when *expr.Predicate[Vector]
}

// Vector is what derived features and tags are computed from.
type Vector struct{ Values []float32 }

// Moment is what a caller knows of the instant a vector is read at.
type Moment struct {
	Channel string
	Page    string
	Context event.Object
}

// MomentOf is the moment of an event: in replay, the facts of the moment are those of the event at the point.
func MomentOf(e *event.Event) Moment {
	page := e.Properties.Find("path")
	if page == nil {
		page = e.Context.Find("page")
	}
	return Moment{Channel: e.Channel, Page: page.Text(), Context: e.Context}
}

//go:embed default.yaml
var defaultFile []byte

// DefaultFile is the features file that ships.
func DefaultFile() []byte { return defaultFile }

// Default is the FeatureSet that ships.
var Default = sync.OnceValue(func() *FeatureSet {
	fs, err := Load(defaultFile)
	if err != nil {
		panic("features: the file that ships does not load:\n" + err.Error())
	}
	return fs
})

// Len is the number of features, which is the length of a vector.
func (fs *FeatureSet) Len() int { return len(fs.features) }

// Features lists the features in the order of the vector. The caller must not change it.
func (fs *FeatureSet) Features() []Feature { return fs.features }

// Revision identifies the definitions: equal revisions compute equal vectors.
func (fs *FeatureSet) Revision() string { return fs.revision }

// Source is the file that the definitions were loaded from. The caller must not change it.
func (fs *FeatureSet) Source() []byte { return fs.source }

// Index is the position of a feature in the vector.
func (fs *FeatureSet) Index(name string) (int, bool) {
	i, ok := fs.index[name]
	return i, ok
}

// Lookup is the hash of a feature's definition.
func (fs *FeatureSet) Lookup(name string) (hash string, ok bool) {
	i, ok := fs.index[name]
	if !ok {
		return "", false
	}
	return fs.features[i].Hash, true
}

// Tags appends the names of the tags that hold for a vector.
func (fs *FeatureSet) Tags(vector []float32, dst []string) []string {
	v := Vector{Values: vector}
	for i := range fs.tags {
		if fs.tags[i].when.Eval(&v) {
			dst = append(dst, fs.tags[i].name)
		}
	}
	return dst
}

// digest is a short stable hash of what a definition says.
func digest(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(sum[:8])
}

var nan = float32(math.NaN())

// Hour is the hour of day, 0 to 23, that an instant (Unix milliseconds) falls into where the FeatureSet's days are counted.
func (fs *FeatureSet) Hour(ms int64) int {
	_, hour := fs.zone.day(ms)
	return int(hour)
}

// Session says whether a visit whose last event was at last still goes on at now, both in Unix milliseconds.
func (fs *FeatureSet) Session(last, now int64) bool { return now-last <= fs.sessionGap }
