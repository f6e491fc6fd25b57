package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

const (
	// overlap is how far behind the time that a client names its resumption begins: longer than clocks of servers differ and a
	// commit takes to be seen.
	overlap = 10 * time.Second
	// maxResume is how far back a client may resume, and maxMissed how many messages it then gets.
	maxResume = 15 * time.Minute
	maxMissed = 10_000

	resumePage = 500
)

// Subscribe opens a stream. With a since that is not zero, what was issued from then on comes first; it may repeat what the client has
// seen. One client at a time looks back, for it reads a part of the whole journal.
func (d *Delivery) Subscribe(ctx context.Context, filter Filter, since time.Time) (*Stream, error) {
	s, err := d.hub.subscribe(ctx, filter)
	if err != nil || since.IsZero() {
		return s, err
	}
	if err := d.lookBack(ctx, s, since); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (d *Delivery) lookBack(ctx context.Context, s *Stream, since time.Time) error {
	select {
	case d.looking <- struct{}{}:
		defer func() { <-d.looking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	from := since.Add(-overlap)
	if oldest := d.now().Add(-maxResume); from.Before(oldest) {
		from, s.Gap = oldest, oldest
	}
	var missed []Issued
	for shard := range d.journal.Shards() {
		found, err := issuedSince(ctx, d.journal, shard, from, s.filter)
		if err != nil {
			return fmt.Errorf("look back in shard %d: %w", shard, err)
		}
		missed = append(missed, found...)
	}
	slices.SortFunc(missed, func(a, b Issued) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	if over := len(missed) - maxMissed; over > 0 {
		missed = missed[over:]
		s.Gap = missed[0].At
	}
	s.Missed = make([]Message, len(missed))
	for i := range missed {
		s.Missed[i] = Message{At: missed[i].At, Data: missed[i].Message}
	}
	return nil
}

// issuedSince reads a shard back until a whole page is older than from: single entries may be out of order.
func issuedSince(ctx context.Context, j journal, shard int, from time.Time, filter Filter) ([]Issued, error) {
	var found []Issued
	for before := ""; ; {
		page, err := j.ReadJournalBack(ctx, shard, before, resumePage)
		if err != nil {
			return nil, err
		}
		for i := range page {
			// What cannot be read was complained of by the tail when it came.
			issued, _ := issuedOf(&page[i])
			for _, one := range issued {
				if filter.match(&one) && !one.At.Before(from) {
					found = append(found, one)
				}
			}
		}
		if len(page) < resumePage || !slices.ContainsFunc(page, func(e store.Entry) bool { return reaches(&e, from) }) {
			return found, nil
		}
		before = page[len(page)-1].Cursor
	}
}

// reaches says whether an entry is known to be no older than from.
func reaches(e *store.Entry, from time.Time) bool {
	var dated struct {
		At       time.Time `json:"at"`
		Received time.Time `json:"received_at"`
	}
	if err := json.Unmarshal(e.Data, &dated); err != nil {
		return false
	}
	at := dated.At
	if e.Kind != store.RecordDecision { // the clock of an event's customer says nothing
		at = dated.Received
	}
	return !at.Before(from)
}
