// Package cell encodes what a driver keeps under a customer's hash: a state or a tombstone, and its version.
//
//	offset 0  8 bytes  version, big-endian
//	offset 8  1 byte   'S' state | 'T' tombstone
//	offset 9  …        the state or the tombstone, as it was committed
package cell

import (
	"encoding/binary"
	"fmt"

	"github.com/halfstep-ml/halfstep/features/store"
)

const (
	headSize  = 9
	state     = 'S'
	tombstone = 'T'
)

// Version returns the bytes that a cell of this version starts with.
func Version(v uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, v)
}

// Encode returns the cell that a change leaves behind.
func Encode(c *store.Change) []byte {
	kind, payload := byte(state), c.State
	if c.Erase {
		kind, payload = tombstone, c.Tombstone
	}
	out := make([]byte, 0, headSize+len(payload))
	out = binary.BigEndian.AppendUint64(out, c.Expect+1)
	out = append(out, kind)
	return append(out, payload...)
}

// Decode returns the snapshot that a cell holds, as a slice of it.
func Decode(b []byte) (store.Snapshot, error) {
	if len(b) < headSize {
		return store.Snapshot{}, fmt.Errorf("stored customer has %d bytes, expected at least %d", len(b), headSize)
	}
	snapshot := store.Snapshot{Version: binary.BigEndian.Uint64(b)}
	payload := b[headSize:len(b):len(b)]
	switch b[8] {
	case state:
		snapshot.State = payload
	case tombstone:
		snapshot.Tombstone = payload
	default:
		return store.Snapshot{}, fmt.Errorf("stored customer is of kind %#x, expected a state or a tombstone", b[8])
	}
	return snapshot, nil
}
