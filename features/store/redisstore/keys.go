package redisstore

import (
	"encoding/hex"
	"fmt"
	"math"
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
//	<prefix>{s0417}:l:<link>   string  NUL, the stream id of its commit's first entry, NUL, the customer's id, with a time to live; of
//	                                   a commit without entries, and in earlier releases, the customer's id alone
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
	ms, seq, err := splitStreamID(streamID)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%016x-%016x", ms, seq), nil
}

func splitStreamID(id string) (ms, seq uint64, err error) {
	msText, seqText, ok := strings.Cut(id, "-")
	ms, msErr := strconv.ParseUint(msText, 10, 64)
	seq, seqErr := strconv.ParseUint(seqText, 10, 64)
	if !ok || msErr != nil || seqErr != nil {
		return 0, 0, fmt.Errorf("journal entry has id %q, expected two numbers", id)
	}
	return ms, seq, nil
}

// linked takes the value of a link apart. The cursor is the one just before the entry that the value names.
func linked(value string) (id, after string) {
	if rest, ok := strings.CutPrefix(value, "\x00"); ok {
		if first, customer, ok := strings.Cut(rest, "\x00"); ok {
			if after, err := cursorBefore(first); err == nil {
				return customer, after
			}
		}
	}
	return value, ""
}

// cursorBefore makes the greatest cursor that comes before a stream id.
func cursorBefore(streamID string) (string, error) {
	ms, seq, err := splitStreamID(streamID)
	switch {
	case err != nil:
		return "", err
	case seq > 0:
		seq--
	case ms > 0:
		ms, seq = ms-1, math.MaxUint64
	default:
		return "", fmt.Errorf("nothing comes before stream id %q", streamID)
	}
	return fmt.Sprintf("%016x-%016x", ms, seq), nil
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
