package live

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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

// decision is the record of an answer in the journal.
type decision struct {
	ID     string          `json:"id"`
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

// earlier returns the answer that was given under a link, nil if there was none or the journal has forgotten it.
func (e *Engine) earlier(customer, link string, deadline time.Time) ([]byte, error) {
	return beside(e, deadline, func(ctx context.Context) ([]byte, error) {
		shard := store.ShardOf(customer, e.store.Shards())
		if _, ok, err := e.store.Link(ctx, shard, link); err != nil || !ok {
			return nil, err
		}
		return e.findDecision(ctx, shard, customer, link)
	})
}

// journalPage is how many entries are read at once.
const journalPage = 1000

// findDecision reads through a shard's journal. That is slow, and as rare as a request that is sent twice.
func (e *Engine) findDecision(ctx context.Context, shard int, customer, link string) ([]byte, error) {
	for cursor := ""; ; {
		entries, err := e.store.ReadJournal(ctx, shard, cursor, journalPage)
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		for i := range entries {
			entry := &entries[i]
			if entry.Kind != store.RecordDecision || entry.Customer != customer || !strings.Contains(string(entry.Data), link) {
				continue
			}
			var d decision
			if err := json.Unmarshal(entry.Data, &d); err != nil {
				return nil, fmt.Errorf("read a decision: %w", err)
			}
			if d.Key == link {
				return d.Answer, nil
			}
		}
		if len(entries) < journalPage {
			return nil, errors.New("the journal no longer has the decision of this Idempotency-Key")
		}
		cursor = entries[len(entries)-1].Cursor
	}
}
