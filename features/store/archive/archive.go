// Package archive keeps a copy of the journal in a folder, for as long as the folder's owner likes.
//
// The folder holds
//
//	segment-00000001.jsonl.zst   entries, one JSON object a line, compressed with zstd; complete, and changed by Scrub alone
//	position.json                the last complete segment, and how far each shard is copied
//	lock                         held while an archive is open
//
// A segment and the position that goes with it become true in one step, when position.json is replaced: what a crash leaves
// beside that is removed when the archive is opened again, and copied again. So no entry is lost, and none is there twice.
//
// One process at a time can have a folder open; Read needs no lock. When several servers share a store, one of them archives, and
// the same one trims.
package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/halfstep-ml/halfstep/features/store"
)

// Journal is what an archive copies from.
type Journal interface {
	Shards() int
	ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error)
}

// Archive is an open folder.
type Archive struct {
	dir  string
	lock *os.File

	// work is held by whoever writes segments.
	work   sync.Mutex
	closed bool

	mu       sync.RWMutex
	position position
}

var _ store.Archive = (*Archive)(nil)

// position is position.json.
type position struct {
	// Segment is the number of the last complete segment.
	Segment int `json:"segment"`
	// Shards is how many shards the store has; entries of another store do not belong here.
	Shards int `json:"shards"`
	// Cursors holds the last entry that is copied, of every shard that has one.
	Cursors map[int]string `json:"cursors"`
}

const positionFile = "position.json"

// Open opens an archive, or begins one in a folder that it creates.
func Open(dir string) (*Archive, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder of the archive: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	a := &Archive{dir: dir, lock: lock}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("archive %s is open elsewhere: %w", dir, err), lock.Close())
	}
	if a.position, err = readPosition(dir); err == nil {
		err = a.clean()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open archive: %w", err), lock.Close())
	}
	return a, nil
}

func readPosition(dir string) (position, error) {
	p := position{Cursors: map[int]string{}}
	b, err := os.ReadFile(filepath.Join(dir, positionFile))
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return position{}, fmt.Errorf("read %s: %w", positionFile, err)
	}
	return p, nil
}

// clean removes what a crash left behind: unfinished files, and segments that never became true.
func (a *Archive) clean() error {
	files, err := os.ReadDir(a.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		number, ok := segmentNumber(f.Name())
		if strings.HasSuffix(f.Name(), unfinished) || ok && number > a.position.Segment {
			if err := os.Remove(filepath.Join(a.dir, f.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Archived implements store.Archive.
func (a *Archive) Archived(shard int) (string, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	cursor, ok := a.position.Cursors[shard]
	return cursor, ok
}

// Close waits for the copy under way, and lets others open the folder.
func (a *Archive) Close() error {
	a.work.Lock()
	defer a.work.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	return a.lock.Close()
}

// begin takes the right to write segments; a.work is held when it returns nil.
func (a *Archive) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.work.Lock()
	if a.closed {
		a.work.Unlock()
		return store.ErrClosed
	}
	return nil
}
