package redisstore

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/halfstep-ml/halfstep/features/store"
)

// The layout. Every key of a shard begins with the same prefix, whose hash tag puts them all into one slot, so that one script may
// touch them; hash is store.HashID of the customer's id, in hexadecimal.
//
//	<prefix>{s0417}:c:<hash>   string  cell: version, state or tombstone; with a time to live where customers expire
//	<prefix>{s0417}:j          stream  the journal: c customer, v version, k kind, d data
//	<prefix>{s0417}:t:<hash>   hash    the customer's timers: name -> due (ms) ':' payload, and '' -> the customer's id
//	<prefix>{s0417}:due        zset    <hash><name>, by when the timer is next handed out (ms)
//	<prefix>{s0417}:l:<link>   string  the customer's id, with a time to live
//	<prefix>{s0417}:k:<hash>   zset    the customer's links by when they expire (ms), for erasing them
//	<prefix>{meta}:shards      string  the number of shards
//	<prefix>{meta}:m:<key>     string  a value that belongs to the whole store
//	<prefix>n:<key>            set     the tokens that took one under a key; in a slot of its own, with a time to live
func (d *Driver) base(shard int) string {
	return fmt.Sprintf("%s{s%04d}:", d.prefix, shard)
}

func (d *Driver) metaKey(key string) string { return d.prefix + "{meta}:m:" + key }

func (d *Driver) counterKey(key string) string { return d.prefix + "n:" + key }

func (d *Driver) shardsKey() string { return d.prefix + "{meta}:shards" }

func hexHash(id string) string {
	hash := store.HashID(id)
	return hex.EncodeToString(hash[:])
}

func (d *Driver) cellKey(id string) string {
	return d.bases[store.ShardOf(id, len(d.bases))] + "c:" + hexHash(id)
}

// cursor makes a cursor of a stream id ("1526919030474-55"): padded, so that cursors order as strings.
func cursor(streamID string) (string, error) {
	ms, seq, ok := strings.Cut(streamID, "-")
	m, msErr := strconv.ParseUint(ms, 10, 64)
	s, seqErr := strconv.ParseUint(seq, 10, 64)
	if !ok || msErr != nil || seqErr != nil {
		return "", fmt.Errorf("journal entry has id %q, expected two numbers", streamID)
	}
	return fmt.Sprintf("%016x-%016x", m, s), nil
}

// streamID undoes cursor.
func streamID(cursor string) (string, error) {
	ms, seq, ok := strings.Cut(cursor, "-")
	m, msErr := strconv.ParseUint(ms, 16, 64)
	s, seqErr := strconv.ParseUint(seq, 16, 64)
	if !ok || msErr != nil || seqErr != nil {
		return "", fmt.Errorf("journal cursor %q: expected two hexadecimal numbers", cursor)
	}
	return strconv.FormatUint(m, 10) + "-" + strconv.FormatUint(s, 10), nil
}
