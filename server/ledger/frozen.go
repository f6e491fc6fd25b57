package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/decide"
)

// frozenKey is where the store keeps since when (Unix milliseconds) each choice has been frozen.
const frozenKey = "ledger.frozen"

// meta is the part of the store where servers agree on something.
type meta interface {
	Meta(ctx context.Context, key string) ([]byte, error)
	SetMeta(ctx context.Context, key string, old, value []byte) (bool, error)
}

// freeze tells frozen choices since when they are: the server that is the first to see one writes it down for all. A choice that is
// frozen no more is forgotten, so that it freezes anew.
func freeze(ctx context.Context, m meta, choices []decide.Choice, now time.Time) error {
	for range 32 {
		old, err := m.Meta(ctx, frozenKey)
		if err != nil {
			return fmt.Errorf("read since when choices are frozen: %w", err)
		}
		before, after := map[string]int64{}, map[string]int64{}
		if old != nil {
			if err := json.Unmarshal(old, &before); err != nil {
				return fmt.Errorf("read since when choices are frozen: %w", err)
			}
		}
		for i := range choices {
			c := &choices[i]
			if c.Policy.Mode != bandit.Frozen {
				continue
			}
			since, known := before[c.Name]
			if !known {
				since = now.UnixMilli()
			}
			after[c.Name] = since
			c.Policy.Since = time.UnixMilli(since)
		}
		if maps.Equal(before, after) {
			return nil
		}
		value, err := json.Marshal(after)
		if err != nil {
			return fmt.Errorf("write since when choices are frozen: %w", err)
		}
		if done, err := m.SetMeta(ctx, frozenKey, old, value); err != nil {
			return fmt.Errorf("write since when choices are frozen: %w", err)
		} else if done {
			return nil
		}
	}
	return errors.New("write since when choices are frozen: other servers keep writing it too")
}
