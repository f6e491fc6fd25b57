package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
)

// Read yields every entry of the archive in a folder: those of one shard in the order of the journal. It may run beside an
// archive that is open there, and yields what was complete when it began. It ends at the first error.
func Read(dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		segments, err := segments(dir)
		if err != nil {
			yield(Entry{}, fmt.Errorf("read archive: %w", err))
			return
		}
		for _, number := range segments {
			for e, err := range readSegment(segmentPath(dir, number)) {
				if err != nil {
					yield(Entry{}, fmt.Errorf("read archive: %w", err))
					return
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// segments returns the numbers of the complete segments that are there, in order. Old ones may have been moved away.
func segments(dir string) ([]int, error) {
	p, err := readPosition(dir)
	if err != nil {
		return nil, err
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, f := range files {
		if number, ok := segmentNumber(f.Name()); ok && number <= p.Segment {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Scrub removes the entries of a customer up to a version from the archive, and returns how many there were. Scrub the store first: what its
// journal still had would be copied again.
func (a *Archive) Scrub(ctx context.Context, customer string, upTo uint64) (removed int, err error) {
	if err := a.begin(ctx); err != nil {
		return 0, err
	}
	defer a.work.Unlock()
	numbers, err := segments(a.dir)
	if err != nil {
		return 0, fmt.Errorf("scrub archive: %w", err)
	}
	for _, number := range numbers {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		n, err := scrubSegment(a.path(number), func(e Entry) bool { return e.Customer == customer && e.Version <= upTo })
		removed += n
		if err != nil {
			return removed, fmt.Errorf("scrub archive: %w", err)
		}
	}
	return removed, nil
}

// scrubSegment replaces a segment by one without some entries, where it has any.
func scrubSegment(path string, drop func(Entry) bool) (removed int, err error) {
	for e, err := range readSegment(path) {
		if err != nil {
			return 0, err
		}
		if drop(e) {
			removed++
		}
	}
	if removed == 0 {
		return 0, nil
	}
	w, err := createSegment(path)
	if err != nil {
		return 0, err
	}
	for e, err := range readSegment(path) {
		if err == nil && !drop(e) {
			err = w.write(e)
		}
		if err != nil {
			return 0, errors.Join(err, w.abandon())
		}
	}
	if err := w.finish(); err != nil {
		return 0, err
	}
	return removed, nil
}
