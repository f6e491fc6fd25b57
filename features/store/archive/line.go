package archive

import (
	"bytes"
	"encoding/json"

	"github.com/halfstep-ml/halfstep/features/store"
)

// Entry is a journal entry and the shard it is from.
type Entry struct {
	Shard int
	store.Entry
}

// line is an entry in a segment. Its data is there as JSON where that gives back the very bytes, else as base64.
type line struct {
	Shard    int              `json:"shard"`
	Cursor   string           `json:"cursor"`
	Customer string           `json:"customer"`
	Version  uint64           `json:"version"`
	Kind     store.RecordKind `json:"kind"`
	Data     json.RawMessage  `json:"data,omitempty"`
	Binary   []byte           `json:"binary,omitempty"`
}

func lineOf(e Entry) line {
	l := line{Shard: e.Shard, Cursor: e.Cursor, Customer: e.Customer, Version: e.Version, Kind: e.Kind}
	var compact bytes.Buffer
	if json.Compact(&compact, e.Data) == nil && bytes.Equal(compact.Bytes(), e.Data) {
		l.Data = e.Data
	} else {
		l.Binary = e.Data
	}
	return l
}

func (l line) entry() Entry {
	data := []byte(l.Data)
	if data == nil {
		data = l.Binary
	}
	return Entry{Shard: l.Shard, Entry: store.Entry{
		Cursor:   l.Cursor,
		Customer: l.Customer,
		Version:  l.Version,
		Record:   store.Record{Kind: l.Kind, Data: data},
	}}
}
