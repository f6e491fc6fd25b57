package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/halfstep-ml/halfstep/features/store"
)

type entry struct {
	seq uint64
	store.Entry
}

// cursor is padded, so that cursors order as strings.
func cursor(seq uint64) string { return fmt.Sprintf("%016x", seq) }

func (s *shard) append(id string, version uint64, r store.Record) {
	s.lastSeq++
	s.journal = append(s.journal, entry{seq: s.lastSeq, Entry: store.Entry{
		Cursor:   cursor(s.lastSeq),
		Customer: id,
		Version:  version,
		Record:   store.Record{Kind: r.Kind, Data: bytes.Clone(r.Data)},
	}})
}

// after returns the index of the first entry after a cursor.
func (s *shard) after(at string) int {
	i, found := slices.BinarySearchFunc(s.journal, at, func(e entry, at string) int {
		return strings.Compare(e.Cursor, at)
	})
	if found {
		i++
	}
	return i
}

// ReadJournal implements store.Driver.
func (d *Driver) ReadJournal(ctx context.Context, n int, after string, limit int) ([]store.Entry, error) {
	if err := d.rlock(ctx); err != nil {
		return nil, err
	}
	defer d.mu.RUnlock()
	s := &d.shards[n]
	rest := s.journal[s.after(after):]
	out := make([]store.Entry, 0, min(limit, len(rest)))
	for _, e := range rest[:min(limit, len(rest))] {
		out = append(out, e.Entry)
	}
	return out, nil
}

// ReadJournalBack implements store.Driver.
func (d *Driver) ReadJournalBack(ctx context.Context, n int, before string, limit int) ([]store.Entry, error) {
	if err := d.rlock(ctx); err != nil {
		return nil, err
	}
	defer d.mu.RUnlock()
	s := &d.shards[n]
	end := len(s.journal)
	if before != "" {
		end, _ = slices.BinarySearchFunc(s.journal, before, func(e entry, at string) int { return strings.Compare(e.Cursor, at) })
	}
	out := make([]store.Entry, 0, min(limit, end))
	for _, e := range slices.Backward(s.journal[max(end-limit, 0):end]) {
		out = append(out, e.Entry)
	}
	return out, nil
}

// TrimJournal implements store.Driver.
func (d *Driver) TrimJournal(ctx context.Context, n, keep int, upTo string) (int, error) {
	if err := d.lock(ctx); err != nil {
		return 0, err
	}
	defer d.mu.Unlock()
	s := &d.shards[n]
	drop := max(len(s.journal)-keep, 0)
	if upTo != "" {
		drop = min(drop, s.after(upTo))
	}
	if drop == 0 {
		return 0, nil
	}
	last := s.journal[drop-1].seq
	s.journal = slices.Clone(s.journal[drop:])
	for name, l := range s.links {
		if l.first <= last {
			delete(s.links, name)
		}
	}
	return drop, nil
}

// Scrub implements store.Driver.
func (d *Driver) Scrub(ctx context.Context, id string, upTo uint64) (int, error) {
	if err := d.lock(ctx); err != nil {
		return 0, err
	}
	defer d.mu.Unlock()
	s := &d.shards[store.ShardOf(id, len(d.shards))]
	before := len(s.journal)
	s.journal = slices.DeleteFunc(s.journal, func(e entry) bool { return e.Customer == id && e.Version <= upTo })
	return before - len(s.journal), nil
}
