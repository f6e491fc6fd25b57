// Package sample carries the history of two hundred real customers, so that a new installation has somebody to show. README.md
// beside it names its source and licence.
package sample

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"iter"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Customers is how many customers the sample has.
const Customers = 200

//go:embed events.jsonl.zst
var packed []byte

// newest is the time of the last event.
var newest = time.Date(2011, 12, 8, 17, 24, 0, 0, time.UTC)

const week = 7 * 24 * time.Hour

// Events gives the sample in order of arrival. The history is moved by whole weeks so that it ends in the week before until; with
// a zero until it stays where it was. An error is the last thing given.
func Events(until time.Time) iter.Seq2[event.Event, error] {
	var shift time.Duration
	if !until.IsZero() {
		shift = until.Sub(newest).Truncate(week)
	}
	return func(yield func(event.Event, error) bool) {
		z, err := zstd.NewReader(bytes.NewReader(packed))
		if err != nil {
			yield(event.Event{}, fmt.Errorf("unpack the sample: %w", err))
			return
		}
		defer z.Close()
		lines := bufio.NewScanner(z)
		for n := 1; lines.Scan(); n++ {
			e, err := event.Decode(lines.Bytes(), event.Origin{History: true})
			if err != nil {
				yield(event.Event{}, fmt.Errorf("sample line %d: %w", n, err))
				return
			}
			e.At += shift.Milliseconds()
			e.ReceivedAt += shift.Milliseconds()
			if !yield(e, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(event.Event{}, fmt.Errorf("unpack the sample: %w", err))
		}
	}
}
