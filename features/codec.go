package features

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/event"
)

// The encoding of a state:
//
//	version   1 byte, stateVersion
//	events    uvarint, how many were folded
//	lastAt    uvarint, Unix milliseconds
//	span      uvarint, lastAt - firstAt
//	sections  each: tag byte, uvarint length, payload; ascending by tag, none empty
//
// Sections:
//
//	1  recent ids   see recent.append
//	2  aggregates   each: key (4 bytes), uvarint length, payload with times relative to lastAt; ascending by key, none empty
//	3  carried      each: key (4 bytes), uvarint base, uvarint length, payload; ascending by key. Aggregates that the revision
//	                that last wrote the state did not know, with the time that theirs are relative to
//	4  traits       JSON object
//	5  opt-out      1 byte: everything; then each scope: uvarint length, bytes; ascending
//	6  conversation see conversation.append
//	7  contacts     see appendContacts
//	8  waits        each: name, what for, due (varint)
//
// Sections with other tags are carried along untouched.
const (
	stateVersion = 1

	sectionRecent       = 1
	sectionAggregates   = 2
	sectionCarried      = 3
	sectionTraits       = 4
	sectionOptOut       = 5
	sectionConversation = 6
	sectionContacts     = 7
	sectionWaits        = 8

	maxStateBytes = 1 << 20
	maxCarried    = 4096
)

// Append encodes the state.
func (s *State) Append(dst []byte) []byte {
	dst = append(dst, stateVersion)
	dst = binary.AppendUvarint(dst, uint64(s.events))
	dst = binary.AppendUvarint(dst, uint64(s.lastAt))
	dst = binary.AppendUvarint(dst, uint64(s.lastAt-s.firstAt))
	dst = appendSection(dst, sectionRecent, s.recent.append)
	dst = appendSection(dst, sectionAggregates, s.appendAggregates)
	dst = appendSection(dst, sectionCarried, s.appendCarried)
	if len(s.traits) > 0 {
		dst = appendSection(dst, sectionTraits, s.traits.AppendJSON)
	}
	if s.optOut.Any() {
		dst = appendSection(dst, sectionOptOut, s.optOut.append)
	}
	dst = appendSection(dst, sectionConversation, s.conversation.append)
	dst = appendSection(dst, sectionContacts, s.appendContacts)
	dst = appendSection(dst, sectionWaits, s.appendWaits)
	for _, u := range s.unknown {
		dst = appendSection(dst, u.tag, func(dst []byte) []byte { return append(dst, u.data...) })
	}
	return dst
}

// appendSection writes what body appends, with its tag and length before it, and nothing when that is empty.
func appendSection(dst []byte, tag byte, body func([]byte) []byte) []byte {
	start := len(dst)
	dst = appendSized(append(dst, tag), body)
	if len(dst) == start+2 {
		return dst[:start]
	}
	return dst
}

// appendSized writes what body appends with its length before it. Lengths mostly fit one byte; when not, the body moves up.
func appendSized(dst []byte, body func([]byte) []byte) []byte {
	start := len(dst)
	dst = body(append(dst, 0))
	size := len(dst) - start - 1
	if size < 0x80 {
		dst[start] = byte(size)
		return dst
	}
	var prefix [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(prefix[:], uint64(size))
	dst = append(dst, prefix[1:n]...)
	copy(dst[start+n:], dst[start+1:start+1+size])
	copy(dst[start:], prefix[:n])
	return dst
}

func (s *State) appendAggregates(dst []byte) []byte {
	for i, a := range s.aggs {
		if a.Empty() {
			continue
		}
		spec := &s.set.specs[i]
		dst = binary.LittleEndian.AppendUint32(dst, spec.key)
		dst = appendSized(dst, func(dst []byte) []byte { return a.Append(&spec.spec, dst, s.lastAt) })
	}
	return dst
}

func (s *State) appendCarried(dst []byte) []byte {
	for _, c := range s.carried {
		dst = binary.LittleEndian.AppendUint32(dst, c.key)
		dst = binary.AppendUvarint(dst, uint64(c.base))
		dst = appendSized(dst, func(dst []byte) []byte { return append(dst, c.data...) })
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func readString(r *aggregate.Reader) string { return string(readBytes(r)) }

func readBytes(r *aggregate.Reader) []byte { return r.Bytes(int(min(r.Uint(), maxStateBytes))) }

func (o OptOut) append(dst []byte) []byte {
	all := byte(0)
	if o.All {
		all = 1
	}
	dst = append(dst, all)
	for _, scope := range o.Scopes {
		dst = binary.AppendUvarint(dst, uint64(len(scope)))
		dst = append(dst, scope...)
	}
	return dst
}

// Decode reads an encoded state into s, which it resets first. Bytes that no encoder wrote are an error that wraps
// aggregate.ErrCorrupt; what it takes in memory is bounded by a small multiple of len(data).
func (fs *FeatureSet) Decode(data []byte, s *State) error {
	s.Reset()
	if len(data) > maxStateBytes {
		return fmt.Errorf("decode state: %d bytes, at most %d are possible: %w", len(data), maxStateBytes, aggregate.ErrCorrupt)
	}
	r := aggregate.NewReader(data)
	if v := r.Byte(); v != stateVersion {
		return fmt.Errorf("decode state: version %d, this program reads %d: %w", v, stateVersion, aggregate.ErrCorrupt)
	}
	const limit = 1 << 50
	events, lastAt, span := r.Uint(), r.Uint(), r.Uint()
	if events > limit || lastAt > limit || span > lastAt {
		r.Fail()
	}
	s.events, s.lastAt, s.firstAt = int64(events), int64(lastAt), int64(lastAt-span)
	last := byte(0)
	for r.Len() > 0 && r.Err() == nil {
		tag := r.Byte()
		body := r.Bytes(int(min(r.Uint(), maxStateBytes)))
		if tag <= last || len(body) == 0 {
			r.Fail()
			break
		}
		last = tag
		if err := s.decodeSection(tag, body); err != nil {
			s.Reset()
			return fmt.Errorf("decode state: section %d: %w", tag, err)
		}
	}
	if err := r.Err(); err != nil {
		s.Reset()
		return fmt.Errorf("decode state: %w", err)
	}
	slices.SortFunc(s.carried, func(a, b carriedAggregate) int { return cmp.Compare(a.key, b.key) })
	return nil
}

func (s *State) decodeSection(tag byte, body []byte) error {
	r := aggregate.NewReader(body)
	switch tag {
	case sectionRecent:
		s.recent.decode(r)
	case sectionAggregates:
		s.decodeAggregates(r, func() int64 { return s.lastAt })
	case sectionCarried:
		s.decodeAggregates(r, func() int64 { return int64(min(r.Uint(), 1<<50)) })
	case sectionTraits:
		traits, err := event.DecodeObject(body)
		if err != nil {
			return fmt.Errorf("%w: %v", aggregate.ErrCorrupt, err)
		}
		s.traits = traits
	case sectionOptOut:
		s.optOut.decode(r)
	case sectionContacts:
		s.decodeContacts(r)
	case sectionWaits:
		s.decodeWaits(r)
	case sectionConversation:
		s.conversation.decode(r, s.lastAt)
	default:
		s.unknown = append(s.unknown, section{tag: tag, data: slices.Clone(body)})
	}
	return r.Err()
}

// decodeAggregates reads keyed aggregates: those of the set into their places, others into carried.
func (s *State) decodeAggregates(r *aggregate.Reader, base func() int64) {
	next, last := 0, int64(-1)
	var body aggregate.Reader
	for r.Len() > 0 && r.Err() == nil {
		key := r.Uint32()
		from := base()
		data := r.Bytes(int(min(r.Uint(), maxStateBytes)))
		if int64(key) <= last || len(data) == 0 {
			r.Fail()
			return
		}
		last = int64(key)
		for next < len(s.set.specs) && s.set.specs[next].key < key {
			next++
		}
		if next == len(s.set.specs) || s.set.specs[next].key != key || from > s.lastAt {
			s.carry(r, carriedAggregate{key: key, base: from, data: slices.Clone(data)})
			continue
		}
		body.Init(data)
		if !s.aggs[next].Empty() {
			r.Fail()
			return
		}
		s.aggs[next].Decode(&s.set.specs[next].spec, &body, from)
		if body.Err() != nil || body.Len() > 0 || s.aggs[next].Empty() {
			r.Fail()
		}
	}
}

func (s *State) carry(r *aggregate.Reader, c carriedAggregate) {
	if len(s.carried) >= maxCarried || slices.ContainsFunc(s.carried, func(o carriedAggregate) bool { return o.key == c.key }) {
		r.Fail()
		return
	}
	s.carried = append(s.carried, c)
}

func (o *OptOut) decode(r *aggregate.Reader) {
	all := r.Byte()
	o.All = all == 1
	for r.Len() > 0 && len(o.Scopes) < maxScopes {
		scope := string(r.Bytes(int(min(r.Uint(), maxStateBytes))))
		if n := len(o.Scopes); scope == "" || n > 0 && o.Scopes[n-1] >= scope {
			r.Fail()
		}
		o.Scopes = append(o.Scopes, scope)
	}
	if all > 1 || r.Len() > 0 || !o.Any() {
		r.Fail()
	}
}
