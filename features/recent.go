package features

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/halfstep-ml/halfstep/features/aggregate"
)

// How far back a duplicate is recognised: the last recentMin events whatever their age, and beyond them those received within
// recentAge of the newest, up to recentMax.
const (
	recentMin = 256
	recentMax = 2500
	recentAge = 10 * 60 * 1000
)

// recent remembers the ids of the last events, as hashes, in order of arrival. Two ids of one customer fall together once in 2^56
// events or so.
type recent struct {
	hashes []uint64
	times  []int64 // received_at
	head   int     // those before it have been forgotten
}

func eventHash(id string) uint64 { return xxhash.Sum64String(id) }

func (r *recent) seen(hash uint64) bool {
	for _, h := range r.hashes[r.head:] {
		if h == hash {
			return true
		}
	}
	return false
}

func (r *recent) add(hash uint64, receivedAt int64) {
	r.hashes, r.times = append(r.hashes, hash), append(r.times, receivedAt)
	for n := len(r.hashes) - r.head; n > recentMax || n > recentMin && r.times[r.head] < receivedAt-recentAge; n-- {
		r.head++
	}
	if r.head > recentMax {
		r.hashes = append(r.hashes[:0], r.hashes[r.head:]...)
		r.times = append(r.times[:0], r.times[r.head:]...)
		r.head = 0
	}
}

// merge keeps the ids of both, in the order they were received.
func (r *recent) merge(o *recent) {
	var m recent
	i, j := r.head, o.head
	for i < len(r.hashes) || j < len(o.hashes) {
		if j == len(o.hashes) || i < len(r.hashes) && r.times[i] <= o.times[j] {
			m.add(r.hashes[i], r.times[i])
			i++
		} else {
			m.add(o.hashes[j], o.times[j])
			j++
		}
	}
	*r = m
}

func (r *recent) reset() { r.hashes, r.times, r.head = r.hashes[:0], r.times[:0], 0 }

// append encodes, oldest first, each hash with the distance of its time to the one before it. Servers' clocks
// differ, so distances are signed.
func (r *recent) append(dst []byte) []byte {
	at := int64(0)
	for i := r.head; i < len(r.hashes); i++ {
		dst = binary.AppendVarint(dst, r.times[i]-at)
		dst = binary.LittleEndian.AppendUint64(dst, r.hashes[i])
		at = r.times[i]
	}
	return dst
}

func (r *recent) decode(in *aggregate.Reader) {
	r.reset()
	at := int64(0)
	for in.Len() > 0 && in.Err() == nil {
		at += in.Int()
		r.hashes, r.times = append(r.hashes, in.Uint64()), append(r.times, at)
		if len(r.hashes) > recentMax {
			in.Fail()
		}
	}
}
