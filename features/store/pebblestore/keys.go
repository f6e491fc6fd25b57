package pebblestore

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/halfstep-ml/halfstep/features/store"
)

// The layout. Numbers are big-endian, so that keys order as numbers; hash is store.HashID of the customer's id.
//
//	c hash            -> cell: version, state or tombstone
//	j seq             -> journal entry: customer, version, kind, data
//	t hash name       -> timer: when next to hand it out, due, customer, payload
//	d next hash name  -> nothing: the timers in the order in which they are handed out
//	l link            -> seq of the first entry of its commit (of the last, in earlier releases), customer
//	h hash link       -> nothing: a customer's links, for erasing them
//	x seq link        -> hash: the links by age, for dropping them with the journal
//	m key             -> value that belongs to the whole store
//	n key             -> shared counter: how many are taken, until when to keep it
//	o length key token -> nothing: a token that took one; length is the key's, a uvarint
//	s                 -> last journal sequence number ever used, so that none is used twice
const (
	prefixCell      = 'c'
	prefixJournal   = 'j'
	prefixTimer     = 't'
	prefixDue       = 'd'
	prefixLink      = 'l'
	prefixHashLinks = 'h'
	prefixLinkAge   = 'x'
	prefixMeta      = 'm'
	prefixCounter   = 'n'
	prefixToken     = 'o'
)

var keySequence = []byte{'s'}

const hashSize = len(store.IDHash{})

func cellKey(h store.IDHash) []byte { return append([]byte{prefixCell}, h[:]...) }

func seqKey(prefix byte, seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix}, seq)
}

func timerKey(h store.IDHash, name string) []byte {
	return append(append([]byte{prefixTimer}, h[:]...), name...)
}

func dueKey(next int64, h store.IDHash, name string) []byte {
	return append(append(dueBound(next), h[:]...), name...)
}

// dueBound is where the timers of an instant begin. Flipping the sign bit lets instants before 1970 come first.
func dueBound(next int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixDue}, uint64(next)^(1<<63))
}

func linkKey(link string) []byte { return append([]byte{prefixLink}, link...) }

func hashLinkKey(h store.IDHash, link string) []byte {
	return append(append([]byte{prefixHashLinks}, h[:]...), link...)
}

func linkAgeKey(seq uint64, link string) []byte {
	return append(seqKey(prefixLinkAge, seq), link...)
}

func metaKey(key string) []byte { return append([]byte{prefixMeta}, key...) }

func counterKey(key string) []byte { return append([]byte{prefixCounter}, key...) }

func tokenKey(key, token string) []byte {
	return append(appendString([]byte{prefixToken}, key), token...)
}

// after returns the first key that does not begin with prefix.
func after(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

func cursor(seq uint64) string { return fmt.Sprintf("%016x", seq) }

func parseCursor(s string) (uint64, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 8 {
		return 0, fmt.Errorf("journal cursor %q: expected 16 hexadecimal digits", s)
	}
	return binary.BigEndian.Uint64(b), nil
}
