package live

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/halfstep-ml/halfstep/features/store"
)

const hexDigits = "0123456789abcdef"

// newDecisionID is a ULID behind the shard of its customer, so that whoever has the id knows where to look.
func newDecisionID(shard int) string {
	id := [5 + ulid.EncodedSize]byte{
		hexDigits[shard>>12&15], hexDigits[shard>>8&15], hexDigits[shard>>4&15], hexDigits[shard&15], '-',
	}
	made := ulid.Make()
	_ = made.MarshalTextTo(id[5:]) // fails only on another length
	return string(id[:])
}

// decision is what a decision's record is known by, and what was answered under a key.
type decision struct {
	ID     string          `json:"decision_id"`
	OldID  string          `json:"id"`  // as earlier releases called it
	Key    string          `json:"key"` // the link of the Idempotency-Key
	Answer json.RawMessage `json:"answer"`
}

// keyLink is the link under which a decision is found by its Idempotency-Key. The key itself is stored nowhere.
func keyLink(customer, key string) string {
	sum := sha256.Sum256([]byte(customer + "\x00" + key))
	return "key:" + hex.EncodeToString(sum[:16])
}

// keep adds the answer to the item's change, so that the same key finds it again; or, when the key was used before, takes the answer
// that was given then. The customer was loaded before: a decision that comes in between is a conflict. It says whether to commit.
func (j *scoring) keep(it *item) bool {
	link := keyLink(it.request.Customer, it.request.IdempotencyKey)
	earlier, err := j.engine.earlier(it.request.Customer, link, j.deadline)
	if err != nil {
		j.engine.complain("an Idempotency-Key cannot be looked up", err)
		it.notStored()
		it.unsettle()
		return false
	}
	if earlier != nil {
		it.answer.Replayed = earlier
		return false
	}
	it.answer.Took = time.Since(j.start) // what is recorded is what is answered, to the byte
	it.record(link, it.answer.AppendJSON(nil))
	return true
}

// errForgotten is about a decision that was made, and of which the journal knows no more.
var errForgotten = errors.New("the journal no longer has the decision")

// earlier returns the answer that was given under a link, nil if there was none.
func (e *Engine) earlier(customer, link string, deadline time.Time) ([]byte, error) {
	return beside(e, deadline, func(ctx context.Context) (answer []byte, err error) {
		shard := store.ShardOf(customer, e.store.Shards())
		_, err = e.linked(ctx, shard, link, func(d *decision) bool {
			answer = d.Answer
			return d.Key == link
		})
		return answer, err
	})
}

// Decision returns the record of a decision, as JSON, if it was committed and the journal still has it.
func (e *Engine) Decision(ctx context.Context, id string) (record []byte, found bool, err error) {
	shard, ok := shardOfDecision(id)
	if !ok || shard >= e.store.Shards() {
		return nil, false, nil
	}
	record, err = e.linked(ctx, shard, id, func(d *decision) bool { return d.ID == id || d.OldID == id })
	if errors.Is(err, errForgotten) {
		return nil, false, nil
	}
	return record, record != nil, err
}

// shardOfDecision undoes newDecisionID.
func shardOfDecision(id string) (shard int, ok bool) {
	digits, made, ok := strings.Cut(id, "-")
	n, err := strconv.ParseUint(digits, 16, 16)
	if _, wrong := ulid.ParseStrict(made); !ok || len(digits) != 4 || err != nil || wrong != nil {
		return 0, false
	}
	return int(n), true
}

// linkedPage is how many entries are read at once where a link leads: a commit seldom has more.
const linkedPage = 32

// linked returns the record of the decision that a link was committed with, nil if there is no such link.
func (e *Engine) linked(ctx context.Context, shard int, link string, is func(*decision) bool) ([]byte, error) {
	customer, after, ok, err := e.store.Link(ctx, shard, link)
	if err != nil || !ok {
		return nil, err
	}
	for version := uint64(0); ; {
		entries, err := e.store.ReadJournal(ctx, shard, after, linkedPage)
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		for i := range entries {
			entry := &entries[i]
			if version == 0 {
				version = entry.Version
			}
			if entry.Customer != customer || entry.Version != version {
				return nil, errForgotten // the entries of a commit stand together, and these are another's
			}
			if entry.Kind != store.RecordDecision {
				continue
			}
			var d decision
			if err := json.Unmarshal(entry.Data, &d); err != nil {
				return nil, fmt.Errorf("read a decision: %w", err)
			}
			if is(&d) {
				return entry.Data, nil
			}
		}
		if len(entries) < linkedPage {
			return nil, errForgotten
		}
		after = entries[len(entries)-1].Cursor
	}
}
