package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// deadKept is how many dead letters are kept, of all webhooks together; older ones make room.
const deadKept = 256

const deadKey = "delivery/dead"

// meta is where delivery keeps what belongs to all servers.
type meta interface {
	Meta(ctx context.Context, key string) ([]byte, error)
	SetMeta(ctx context.Context, key string, old, value []byte) (bool, error)
}

// DeadLetter is a message that a webhook would not take.
type DeadLetter struct {
	Webhook  string          `json:"webhook"`
	At       time.Time       `json:"at"` // when it was given up
	Attempts int             `json:"attempts"`
	Error    string          `json:"error"`
	Message  json.RawMessage `json:"message"`
}

// kept is a letter as it is stored, with what an erasure goes by.
type kept struct {
	DeadLetter
	Owner   string `json:"owner"`
	Version uint64 `json:"version"`
}

// deadLetters is a ring of places in the store, and a count of the letters ever put there. The n-th letter lies at n modulo the size.
type deadLetters struct{ meta meta }

func place(n uint64) string { return fmt.Sprintf("%s/%d", deadKey, n%deadKept) }

// erased is what stays of a letter whose customer was erased.
var erased = []byte("null")

// add keeps a letter.
func (d *deadLetters) add(ctx context.Context, letter kept) error {
	data, err := json.Marshal(letter)
	if err != nil {
		return fmt.Errorf("keep a dead letter: %w", err)
	}
	n, err := d.take(ctx)
	if err != nil {
		return fmt.Errorf("keep a dead letter: %w", err)
	}
	return d.update(ctx, place(n), func([]byte) []byte { return data })
}

// take counts a letter and returns its number.
func (d *deadLetters) take(ctx context.Context) (n uint64, err error) {
	var malformed error
	err = d.update(ctx, deadKey, func(old []byte) []byte {
		if n, malformed = count(old); malformed != nil {
			return old
		}
		return fmt.Appendf(nil, "%d", n+1)
	})
	return n, errors.Join(err, malformed)
}

func count(raw []byte) (n uint64, err error) {
	if raw == nil {
		return 0, nil
	}
	if err := json.Unmarshal(raw, &n); err != nil {
		return 0, fmt.Errorf("read the number of dead letters: %w", err)
	}
	return n, nil
}

// update changes a value, again when another server was faster.
func (d *deadLetters) update(ctx context.Context, key string, change func(old []byte) []byte) error {
	for {
		old, err := d.meta.Meta(ctx, key)
		if err != nil {
			return err
		}
		value := change(old)
		if old != nil && bytes.Equal(value, old) {
			return nil
		}
		if done, err := d.meta.SetMeta(ctx, key, old, value); err != nil || done {
			return err
		}
	}
}

// list returns the letters, the newest first, and how many were ever given up.
func (d *deadLetters) list(ctx context.Context) (letters []DeadLetter, total uint64, err error) {
	letters = []DeadLetter{}
	total, err = d.each(ctx, func(_ string, letter kept) error {
		letters = append(letters, letter.DeadLetter)
		return nil
	})
	return letters, total, err
}

// scrub removes the letters about a customer up to a version.
func (d *deadLetters) scrub(ctx context.Context, customer string, upTo uint64) (removed int, err error) {
	_, err = d.each(ctx, func(key string, letter kept) error {
		if letter.Owner != customer || letter.Version > upTo {
			return nil
		}
		removed++
		return d.update(ctx, key, func(old []byte) []byte {
			if now, ok := letterOf(old); !ok || now.Owner != customer {
				return old // the place was taken by another since
			}
			return erased
		})
	})
	return removed, err
}

// each visits the letters, the newest first.
func (d *deadLetters) each(ctx context.Context, visit func(key string, letter kept) error) (total uint64, err error) {
	raw, err := d.meta.Meta(ctx, deadKey)
	if err != nil {
		return 0, err
	}
	if total, err = count(raw); err != nil {
		return 0, err
	}
	for i := range min(total, deadKept) {
		key := place(total - 1 - i)
		raw, err := d.meta.Meta(ctx, key)
		if err != nil {
			return total, err
		}
		letter, ok := letterOf(raw)
		if !ok {
			continue
		}
		if err := visit(key, letter); err != nil {
			return total, err
		}
	}
	return total, nil
}

func letterOf(raw []byte) (letter kept, ok bool) {
	err := json.Unmarshal(raw, &letter)
	return letter, err == nil && letter.Webhook != ""
}
