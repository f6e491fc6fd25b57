package replay

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/archive"
)

// JournalReader is what there is to read of a store.
type JournalReader interface {
	Shards() int
	ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error)
}

// Journal is the input of a store's journal: the events that changed its customers, in the order in which they did. What is
// committed while it is read may be in it or not.
func Journal(j JournalReader) Input { return journal{reader: j} }

// Archived is the input of a journal's archive, which is a folder, and of what the journal has beyond it. Without a journal it is the
// archive alone. With one, nothing may be trimmed while it is read: that would be in neither.
func Archived(folder string, j JournalReader) Input { return journal{folder: folder, reader: j} }

type journal struct {
	folder string
	reader JournalReader
}

const journalPage = 1000

// Scan implements Input: the archive first, then of each shard what it has not.
func (j journal) Scan(ctx context.Context, yield func(source.Row) error) error {
	s := journalScan{yield: yield, last: map[int]string{}}
	if j.folder != "" {
		for e, err := range archive.Read(j.folder) {
			if err != nil {
				return err
			}
			if err := s.entry(ctx, e.Shard, &e.Entry); err != nil {
				return err
			}
		}
	}
	if j.reader == nil {
		return nil
	}
	for shard := range j.reader.Shards() {
		if err := s.shard(ctx, j.reader, shard); err != nil {
			return err
		}
	}
	return nil
}

// journalScan is one reading of a journal.
type journalScan struct {
	yield func(source.Row) error
	seq   uint64
	raw   []byte
	last  map[int]string // the cursor of each shard's last entry
}

func (s *journalScan) shard(ctx context.Context, from JournalReader, shard int) error {
	for {
		entries, err := from.ReadJournal(ctx, shard, s.last[shard], journalPage)
		if err != nil {
			return fmt.Errorf("read the journal of shard %d: %w", shard, err)
		}
		for i := range entries {
			if err := s.entry(ctx, shard, &entries[i]); err != nil {
				return err
			}
		}
		if len(entries) < journalPage {
			return nil
		}
	}
}

// entry hands an entry on if it is an event.
func (s *journalScan) entry(ctx context.Context, shard int, e *store.Entry) error {
	s.last[shard] = e.Cursor
	switch e.Kind {
	case store.RecordEvent, store.RecordSkipped:
	case store.RecordMerge:
		return fmt.Errorf("read the journal of shard %d: customer %q was merged with another, which cannot be replayed", shard, e.Customer)
	default:
		return nil // not what a fold is made of
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.raw = append(binary.AppendUvarint(s.raw[:0], uint64(shard)), e.Data...)
	s.seq++
	return s.yield(source.Row{Customer: []byte(e.Customer), Seq: s.seq - 1, Raw: s.raw})
}

// NewDecoder implements Input.
func (j journal) NewDecoder() Decoder { return journalDecoder{} }

type journalDecoder struct{}

func (journalDecoder) Decode(raw []byte, dst []event.Event) ([]event.Event, error) {
	shard, size := binary.Uvarint(raw)
	e, err := event.Decode(raw[size:], event.Origin{History: true})
	if err != nil {
		return dst, fmt.Errorf("an event in the journal of shard %d: %w", shard, err)
	}
	return append(dst, e), nil
}

func (journalDecoder) Reset() {}
