package replay

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/klauspost/compress/s2"
)

// spool keeps bytes in buckets, in the order in which they are added to each: in memory up to a bound, then in a temporary file, packed.
// Buckets are added to and taken by any goroutine; what is taken is gone.
type spool struct {
	limit int64
	dir   string
	keeps bool // what is taken stays, to be taken again

	mu      sync.Mutex
	buckets []bucket
	held    int64 // bytes in memory
	file    *os.File
	size    int64 // of the file
}

// bucket is what was spilled of a bucket, and then what is in memory.
type bucket struct {
	spilled []extent
	pieces  [][]byte
}

// extent is a piece in the file, packed.
type extent struct{ offset, length int64 }

func newSpool(buckets int, limit int64, dir string) *spool {
	return &spool{limit: limit, dir: dir, buckets: make([]bucket, buckets)}
}

// add appends a piece to a bucket. The spool keeps it.
func (s *spool) add(n int, piece []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buckets[n].pieces = append(s.buckets[n].pieces, piece)
	if s.held += int64(cap(piece)); s.held <= s.limit {
		return nil
	}
	return s.spill()
}

// spill moves all that is in memory into the file.
func (s *spool) spill() error {
	if s.file == nil {
		file, err := os.CreateTemp(s.dir, "halfstep-replay-*")
		if err != nil {
			return fmt.Errorf("make a temporary file: %w", err)
		}
		s.file = file
		// Without a name it is gone when the process is, however that ends.
		if err := os.Remove(file.Name()); err != nil {
			return fmt.Errorf("unlink the temporary file: %w", err)
		}
	}
	var joined, packed []byte
	for i := range s.buckets {
		b := &s.buckets[i]
		if len(b.pieces) == 0 {
			continue
		}
		joined = joined[:0]
		for _, piece := range b.pieces {
			joined = append(joined, piece...)
		}
		packed = s2.Encode(packed[:cap(packed)], joined)
		if _, err := s.file.WriteAt(packed, s.size); err != nil {
			return fmt.Errorf("write the temporary file: %w", err)
		}
		b.spilled = append(b.spilled, extent{s.size, int64(len(packed))})
		s.size += int64(len(packed))
		b.pieces = nil
	}
	s.held = 0
	return nil
}

// take returns the pieces of a bucket, in their order, and forgets them unless it keeps them.
func (s *spool) take(n int) ([][]byte, error) {
	s.mu.Lock()
	b := s.buckets[n]
	if !s.keeps {
		s.buckets[n] = bucket{}
		for _, piece := range b.pieces {
			s.held -= int64(cap(piece))
		}
	}
	s.mu.Unlock()
	if len(b.spilled) == 0 {
		return b.pieces, nil
	}
	out := make([][]byte, 0, len(b.spilled)+len(b.pieces))
	for _, e := range b.spilled {
		packed := make([]byte, e.length)
		if _, err := s.file.ReadAt(packed, e.offset); err != nil {
			return nil, fmt.Errorf("read the temporary file: %w", err)
		}
		piece, err := s2.Decode(nil, packed)
		if err != nil {
			return nil, fmt.Errorf("unpack the temporary file: %w", err)
		}
		out = append(out, piece)
	}
	return append(out, b.pieces...), nil
}

// close lets go of the memory and the file.
func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buckets = nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
