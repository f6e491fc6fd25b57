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

// Scan implements Input.
func (j journal) Scan(ctx context.Context, yield func(source.Row) error) error {
	var seq uint64
	var raw []byte
	return Entries(ctx, j.folder, j.reader, func(shard int, e *store.Entry) error {
		switch e.Kind {
		case store.RecordEvent, store.RecordSkipped:
		case store.RecordMerge:
			return fmt.Errorf("read the journal of shard %d: customer %q was merged with another, which cannot be replayed", shard, e.Customer)
		default:
			return nil // not what a fold is made of
		}
		raw = append(binary.AppendUvarint(raw[:0], uint64(shard)), e.Data...)
		seq++
		return yield(source.Row{Customer: []byte(e.Customer), Seq: seq - 1, Raw: raw})
	})
}

// Entries hands out what a journal holds of any kind, those of a shard in their order: of the archive in a folder, unless that is empty,
// and then of each shard of the journal, unless that is nil, what the archive has not. An entry is valid until yield returns.
func Entries(ctx context.Context, folder string, j JournalReader, yield func(shard int, e *store.Entry) error) error {
	s := journalScan{yield: yield, last: map[int]string{}}
	if folder != "" {
		for e, err := range archive.Read(folder) {
			if err != nil {
				return err
			}
			if err := s.entry(ctx, e.Shard, &e.Entry); err != nil {
				return err
			}
		}
	}
	if j == nil {
		return nil
	}
	for shard := range j.Shards() {
		if err := s.shard(ctx, j, shard); err != nil {
			return err
		}
	}
	return nil
}

// journalScan is one reading of a journal.
type journalScan struct {
	yield func(shard int, e *store.Entry) error
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

func (s *journalScan) entry(ctx context.Context, shard int, e *store.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.last[shard] = e.Cursor
	return s.yield(shard, e)
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
