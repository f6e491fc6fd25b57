// Package store keeps every customer's state, the journal of what changed it and the timers it set, and changes all three in one
// atomic step.
//
// A Driver is the small thing that a database has to do; Store adds, once for all drivers, what they share: commits of different
// customers that travel together, and the trimming of the journal. The drivers live in the folders below; package storetest holds the
// one conformance suite that all of them pass.
package store

import (
	"context"
	"errors"
	"time"
)

// ErrConflict is the outcome of a change whose customer has moved on since it was loaded: load again, fold again, commit again.
var ErrConflict = errors.New("customer changed since it was loaded")

// ErrClosed is returned by every call after Close.
var ErrClosed = errors.New("store is closed")

// Snapshot is what the store holds of one customer.
type Snapshot struct {
	// State is the encoded state; nil when the customer is unknown. The bytes belong to the store: read them, never write them.
	State []byte
	// Version counts the commits of this customer, an erasure among them, so that a change made before an erasure can never land
	// after it; 0 when never seen. Whether a customer is known is told by State alone.
	Version uint64
	// Tombstone is what an erasure left behind; nil when there was none, or when the customer is known again.
	Tombstone []byte
}

// Change is one customer's part of a commit: all of it happens, or none. The store reads its bytes until the commit is over and
// keeps none of them.
type Change struct {
	ID string
	// Expect is the version the change was made from. Another version in the store is a conflict.
	Expect uint64
	// State replaces the stored state. It must not be nil unless Erase is set.
	State []byte
	// Keep exempts the customer from expiry: an opt-out must outlive idleness.
	Keep bool
	// Records are appended to the journal of the customer's shard, in order.
	Records []Record
	// Timers are set or cancelled.
	Timers []TimerChange
	// Links are looked up again with Link (a decision id -> customer id, and where the records are); they expire with the journal.
	Links []string
	// Erase deletes state, timers and links and leaves Tombstone under a hash of the id. Records and State must be empty.
	Erase     bool
	Tombstone []byte
}

// RecordKind says what a journal record holds.
type RecordKind byte

// The kinds of journal records. The numbers are stored: never reuse one.
const (
	RecordEvent    RecordKind = 1 // an event, as JSON, folded into the state
	RecordSkipped  RecordKind = 2 // an event, as JSON, journaled and not folded (too old)
	RecordDecision RecordKind = 3 // a decision record, as JSON
	RecordMerge    RecordKind = 4 // an anonymous state merged into this one
	RecordOutcome  RecordKind = 5 // what became of an action, as JSON; follows from the events, so a replay passes over it
	RecordTimers   RecordKind = 6 // timers that were set or cancelled, as JSON; a replay passes over it
)

// Record is one entry to append to the journal.
type Record struct {
	Kind RecordKind
	Data []byte
}

// Entry is a journal record as it is read back.
type Entry struct {
	// Cursor is the entry's position in its shard; opaque, and greater (as a string) than those before it.
	Cursor   string
	Customer string
	Version  uint64 // the customer's version that this entry's commit created
	Record
}

// TimerChange sets a timer, or cancels it when Due is zero. A customer has one timer a name; setting it again moves it. Due is
// kept to the millisecond. Name must not be empty.
type TimerChange struct {
	Name    string
	Due     time.Time
	Payload []byte
}

// Timer is a due timer, claimed. It is cleared by a commit of its customer that cancels or moves it; until then it comes back
// when the claim's lease is over.
type Timer struct {
	Customer string
	Name     string
	Due      time.Time
	Payload  []byte
}

// CounterGrace is how long a shared counter is kept after it was last taken from, even when it expires sooner.
const CounterGrace = time.Hour

// Driver is a database that can hold customers. Shards divide customers; a commit never spans two. All methods may be called
// from many goroutines, and Commit is never called twice at the same time for one shard by one process; other processes may
// commit to the same shard.
type Driver interface {
	// Shards is the number of shards, fixed when the store was created.
	Shards() int
	// Load fills out[i] with the snapshot of ids[i], in one round trip where the database allows.
	Load(ctx context.Context, ids []string, out []Snapshot) error
	// Commit applies changes of one shard, in order, and fills outcomes[i] with nil or ErrConflict. A second change of a customer
	// sees what the first one did, so it conflicts unless it expects the version after it. A returned error means that it is
	// not known what was applied. It is durable when it returns.
	Commit(ctx context.Context, shard int, changes []Change, outcomes []error) error
	// ReadJournal returns up to limit entries of a shard after the cursor ("" is the beginning).
	ReadJournal(ctx context.Context, shard int, after string, limit int) ([]Entry, error)
	// ReadJournalBack returns up to limit entries of a shard before the cursor ("" is the end), the newest first.
	ReadJournalBack(ctx context.Context, shard int, before string, limit int) ([]Entry, error)
	// TrimJournal drops the oldest entries of a shard until keep are left, but none after the cursor upTo (when it is not "").
	TrimJournal(ctx context.Context, shard int, keep int, upTo string) (removed int, err error)
	// ClaimTimers hands out up to limit timers due at now, each to one claimant only, until now+lease.
	ClaimTimers(ctx context.Context, shard int, now time.Time, lease time.Duration, limit int) ([]Timer, error)
	// Scrub removes the journal entries of a customer from its shard, up to and with those of a version: what came after an erasure
	// belongs to the customer's next life.
	Scrub(ctx context.Context, id string, upTo uint64) (removed int, err error)
	// Link returns the customer a link was committed for, and whether there is one. The shard is the customer's. The entries of its
	// commit are the first ones after the cursor; where the journal no longer has them, others are. The cursor of a link that an
	// earlier release committed may be "".
	Link(ctx context.Context, shard int, link string) (id, after string, ok bool, err error)
	// Spend takes one of limit under a key that all customers and servers share, and says whether it could: never are more than
	// limit taken, however many ask at once. What a token holds it holds once, so asking again under it answers the same. Keys and
	// tokens are any text. The count is forgotten some time after expires, but never within CounterGrace of the last Spend that it
	// granted: clocks differ.
	Spend(ctx context.Context, key, token string, limit int64, expires time.Time) (ok bool, err error)
	// Refund gives back what a token took, if it did.
	Refund(ctx context.Context, key, token string) error
	// Spent is how many are taken under a key.
	Spent(ctx context.Context, key string) (int64, error)
	// Meta reads a value that belongs to the whole store; nil when it is not set.
	Meta(ctx context.Context, key string) ([]byte, error)
	// SetMeta sets it if it still is old (nil: not set) and says whether it did.
	SetMeta(ctx context.Context, key string, old, value []byte) (bool, error)
	// Ping says whether the database answers.
	Ping(ctx context.Context) error
	Close() error
}
