package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

const (
	pageEntries = 1000
	// segmentBytes is the size, before compression, at which a segment is complete.
	segmentBytes = 64 << 20
)

// Copy copies what the journal has and the archive has not. It returns how many entries are safe, also when it fails after them.
func (a *Archive) Copy(ctx context.Context, j Journal) (entries int, err error) {
	if err := a.begin(ctx); err != nil {
		return 0, err
	}
	defer a.work.Unlock()
	if known := a.position.Shards; known != 0 && known != j.Shards() {
		return 0, fmt.Errorf("archive %s is of a store with %d shards, not %d", a.dir, known, j.Shards())
	}
	c := copier{archive: a, next: a.position, limit: segmentBytes}
	c.next.Cursors = maps.Clone(a.position.Cursors)
	c.next.Shards = j.Shards()
	for shard := range j.Shards() {
		if err := c.shard(ctx, j, shard); err != nil {
			return c.safe, errors.Join(fmt.Errorf("archive shard %d: %w", shard, err), c.abandon())
		}
	}
	if err := c.seal(); err != nil {
		return c.safe, errors.Join(fmt.Errorf("complete a segment: %w", err), c.abandon())
	}
	return c.safe, nil
}

// copier is one Copy.
type copier struct {
	archive *Archive
	segment *segmentWriter // nil until there is something to write
	next    position       // what is true once the segment is complete
	limit   int
	pending int
	safe    int
}

func (c *copier) shard(ctx context.Context, j Journal, shard int) error {
	for {
		page, err := j.ReadJournal(ctx, shard, c.next.Cursors[shard], pageEntries)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := c.write(Entry{Shard: shard, Entry: e}); err != nil {
				return err
			}
		}
		if len(page) < pageEntries {
			return nil
		}
	}
}

func (c *copier) write(e Entry) (err error) {
	if c.segment == nil {
		c.next.Segment++
		if c.segment, err = createSegment(c.archive.path(c.next.Segment)); err != nil {
			return err
		}
	}
	if err := c.segment.write(e); err != nil {
		return err
	}
	c.pending++
	c.next.Cursors[e.Shard] = e.Cursor
	if c.segment.size < c.limit {
		return nil
	}
	return c.seal()
}

// seal completes the segment, and then makes it true.
func (c *copier) seal() error {
	if c.segment == nil {
		return nil
	}
	segment := c.segment
	c.segment = nil
	if err := segment.finish(); err != nil {
		return err
	}
	a := c.archive
	if err := writePosition(a.dir, c.next); err != nil {
		return err
	}
	a.mu.Lock()
	a.position = c.next
	a.position.Cursors = maps.Clone(c.next.Cursors)
	a.mu.Unlock()
	c.safe, c.pending = c.safe+c.pending, 0
	return nil
}

// abandon removes a segment that was not completed.
func (c *copier) abandon() error {
	if c.segment == nil {
		return nil
	}
	return c.segment.abandon()
}

func writePosition(dir string, p position) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, positionFile)
	f, err := os.OpenFile(path+unfinished, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, finish(f, path))
}
