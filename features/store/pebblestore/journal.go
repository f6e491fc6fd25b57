package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"github.com/halfstep-ml/halfstep/features/store"
)

// ReadJournal implements store.Driver.
func (d *Driver) ReadJournal(ctx context.Context, _ int, at string, limit int) ([]store.Entry, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	var seq uint64
	if at != "" {
		var err error
		if seq, err = parseCursor(at); err != nil {
			return nil, err
		}
	}
	var out []store.Entry
	// What is not on disk yet could be lost, and its number used again for something else: a reader must not pass it.
	err := d.scanJournal(ctx, seq+1, d.durable.Load()+1, func(seq uint64, value []byte) (bool, error) {
		if len(out) == limit {
			return false, nil
		}
		e, err := decodeEntry(seq, value)
		out = append(out, e)
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return out, nil
}

// ReadJournalBack implements store.Driver.
func (d *Driver) ReadJournalBack(ctx context.Context, _ int, before string, limit int) (out []store.Entry, err error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	end := d.durable.Load() + 1
	if before != "" {
		seq, err := parseCursor(before)
		if err != nil {
			return nil, err
		}
		end = min(end, seq)
	}
	it, err := d.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: seqKey(prefixJournal, 0), UpperBound: seqKey(prefixJournal, end)})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	for more := it.Last(); more && err == nil && len(out) < limit; more = it.Prev() {
		var e store.Entry
		e, err = decodeEntry(binary.BigEndian.Uint64(it.Key()[1:]), it.Value())
		out = append(out, e)
	}
	if err = errors.Join(err, it.Close()); err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return out, nil
}

// TrimJournal implements store.Driver.
func (d *Driver) TrimJournal(ctx context.Context, _, keep int, upTo string) (int, error) {
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.open.RUnlock()
	bound := uint64(math.MaxUint64 - 1)
	if upTo != "" {
		var err error
		if bound, err = parseCursor(upTo); err != nil {
			return 0, err
		}
	}
	// Numbers are consecutive but for scrubbed entries, which count as kept: counting the others would read the whole journal.
	last := d.durable.Load()
	if last <= uint64(keep) {
		return 0, nil
	}
	end := min(last-uint64(keep), bound) + 1
	removed := 0
	err := d.scanJournal(ctx, 0, end, func(uint64, []byte) (bool, error) { removed++; return true, nil })
	if err == nil && removed > 0 {
		err = d.dropBefore(ctx, end)
	}
	if err != nil {
		return 0, fmt.Errorf("trim the journal: %w", err)
	}
	return removed, nil
}

// dropBefore removes the entries before a number, and the links that were committed with them.
func (d *Driver) dropBefore(ctx context.Context, end uint64) error {
	d.write.Lock()
	defer d.write.Unlock()
	batch := d.db.NewBatch()
	defer func() { _ = batch.Close() }()
	_ = batch.DeleteRange(seqKey(prefixJournal, 0), seqKey(prefixJournal, end), nil)
	_ = batch.DeleteRange(seqKey(prefixLinkAge, 0), seqKey(prefixLinkAge, end), nil)
	from, to := seqKey(prefixLinkAge, 0), seqKey(prefixLinkAge, end)
	err := d.scan(ctx, from, to, func(key, value []byte) (bool, error) {
		link := string(key[len(from):])
		current, err := d.get(linkKey(link))
		if err != nil || current == nil {
			return true, err
		}
		// A link that was committed again since is younger than this row of it.
		first, _, err := decodeLink(current)
		if err == nil && first < end && len(value) == hashSize {
			_ = batch.Delete(linkKey(link), nil)
			_ = batch.Delete(hashLinkKey(store.IDHash(value), link), nil)
		}
		return true, err
	})
	if err != nil {
		return err
	}
	return batch.Commit(pebble.Sync)
}

// Scrub implements store.Driver.
func (d *Driver) Scrub(ctx context.Context, id string, upTo uint64) (int, error) {
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.open.RUnlock()
	batch := d.db.NewBatch()
	defer func() { _ = batch.Close() }()
	removed := 0
	err := d.scanJournal(ctx, 0, math.MaxUint64, func(seq uint64, value []byte) (bool, error) {
		r := reader{b: value}
		if r.string() == id && r.uvarint() <= upTo && r.err == nil {
			_ = batch.Delete(seqKey(prefixJournal, seq), nil)
			removed++
		}
		return true, r.err
	})
	if err == nil && removed > 0 {
		err = batch.Commit(pebble.Sync)
	}
	if err != nil {
		return 0, fmt.Errorf("scrub the journal: %w", err)
	}
	return removed, nil
}

// scanJournal visits the entries numbered from, up to but not including to.
func (d *Driver) scanJournal(
	ctx context.Context, from, to uint64, visit func(seq uint64, value []byte) (bool, error),
) error {
	if from >= to {
		return nil
	}
	return d.scan(ctx, seqKey(prefixJournal, from), seqKey(prefixJournal, to), func(key, value []byte) (bool, error) {
		return visit(binary.BigEndian.Uint64(key[1:]), value)
	})
}

// Link implements store.Driver.
func (d *Driver) Link(ctx context.Context, _ int, link string) (id, after string, ok bool, err error) {
	if err := d.enter(ctx); err != nil {
		return "", "", false, err
	}
	defer d.open.RUnlock()
	value, err := d.get(linkKey(link))
	if err != nil || value == nil {
		return "", "", false, err
	}
	first, id, err := decodeLink(value)
	if err != nil {
		return "", "", false, fmt.Errorf("read link %s: %w", link, err)
	}
	return id, cursor(max(first, 1) - 1), true, nil
}
