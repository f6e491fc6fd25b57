package replay

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
	"github.com/halfstep-ml/halfstep/features/store"
)

// Files is the input of event files.
func Files(s *source.Source) Input { return files{s} }

type files struct{ *source.Source }

func (f files) NewDecoder() Decoder { return f.Source.NewDecoder() }

// JournalReader is what there is to read of a store.
type JournalReader interface {
	Shards() int
	ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error)
}

// Journal is the input of a store's journal: the events that changed its customers, in the order in which they did. What is
// committed while it is read may be in it or not.
func Journal(j JournalReader) Input { return journal{j} }

type journal struct{ reader JournalReader }

const journalPage = 1000

func (j journal) Scan(ctx context.Context, yield func(source.Row) error) error {
	var seq uint64
	var raw []byte
	for shard := range j.reader.Shards() {
		for after, more := "", true; more; {
			entries, err := j.reader.ReadJournal(ctx, shard, after, journalPage)
			if err != nil {
				return fmt.Errorf("read the journal of shard %d: %w", shard, err)
			}
			for i := range entries {
				e := &entries[i]
				after = e.Cursor
				switch e.Kind {
				case store.RecordEvent, store.RecordSkipped:
				case store.RecordMerge:
					return fmt.Errorf("read the journal of shard %d: customer %q was merged with another, which cannot be replayed", shard, e.Customer)
				default:
					continue // not what a fold is made of
				}
				raw = append(binary.AppendUvarint(raw[:0], uint64(shard)), e.Data...)
				if err := yield(source.Row{Customer: []byte(e.Customer), Seq: seq, Raw: raw}); err != nil {
					return err
				}
				seq++
			}
			more = len(entries) == journalPage
		}
	}
	return nil
}

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
