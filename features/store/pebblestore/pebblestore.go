// Package pebblestore is the embedded store: durable, nothing to install, one process at a time.
//
// Every write is synced before it is acknowledged. Writes take one lock, because a change is read, compared and written; what
// makes them fast is that store.Store sends many changes in one commit, which costs one sync. More shards would only make more,
// smaller syncs, so there is one.
//
// Erased and trimmed bytes leave the disk when pebble next compacts the files that hold them.
package pebblestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/internal/cell"
)

const (
	cacheBytes    = 64 << 20
	memTableBytes = 32 << 20
)

// Driver is a store.Driver in a folder.
type Driver struct {
	db *pebble.DB

	// open is held for reading by every call, and for writing by Close: pebble panics when it is used after that.
	open   sync.RWMutex
	closed bool

	// write is held from reading what a write depends on until it is on disk.
	write   sync.Mutex
	lastSeq uint64
	// dueFrom is where timers begin, guarded by write. Before it lie those that are done, and passing over them would take longer with
	// every one, until pebble has cleared them away.
	dueFrom []byte
	// counting is held from reading a shared counter until its change can be seen.
	counting sync.Mutex
	// durable is the last journal sequence number that is on disk.
	durable atomic.Uint64
}

var _ store.Driver = (*Driver)(nil)

// Open opens the store in a folder, or creates it there. A folder is open in one process at a time.
func Open(dir string) (*Driver, error) {
	if dir == "" {
		return nil, errors.New("pebble store: no folder given")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder of the pebble store: %w", err)
	}
	db, err := pebble.Open(dir, options())
	if err != nil {
		return nil, fmt.Errorf("open pebble store %s (is another halfstep using it?): %w", dir, err)
	}
	d := &Driver{db: db, dueFrom: []byte{prefixDue}}
	if err := d.loadSequence(); err != nil {
		return nil, errors.Join(fmt.Errorf("open pebble store %s: %w", dir, err), db.Close())
	}
	return d, nil
}

func options() *pebble.Options {
	o := &pebble.Options{
		CacheSize:                   cacheBytes,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      quietLogger{},
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: 4,
	}
	// A score of a customer never seen should not read the disk.
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	return o
}

func (d *Driver) loadSequence() error {
	value, err := d.get(keySequence)
	if err != nil || value == nil {
		return err
	}
	if len(value) != 8 {
		return fmt.Errorf("journal sequence number has %d bytes, expected 8", len(value))
	}
	d.lastSeq = binary.BigEndian.Uint64(value)
	d.durable.Store(d.lastSeq)
	return nil
}

// Shards is 1.
func (d *Driver) Shards() int { return 1 }

// Load implements store.Driver.
func (d *Driver) Load(ctx context.Context, ids []string, out []store.Snapshot) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.open.RUnlock()
	for i, id := range ids {
		b, err := d.get(cellKey(store.HashID(id)))
		if err != nil {
			return fmt.Errorf("load customer: %w", err)
		}
		out[i] = store.Snapshot{}
		if b == nil {
			continue
		}
		if out[i], err = cell.Decode(b); err != nil {
			return fmt.Errorf("load customer: %w", err)
		}
	}
	return nil
}

// Meta implements store.Driver.
func (d *Driver) Meta(ctx context.Context, key string) ([]byte, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	value, err := d.get(metaKey(key))
	if err != nil {
		return nil, fmt.Errorf("read meta %s: %w", key, err)
	}
	return value, nil
}

// SetMeta implements store.Driver.
func (d *Driver) SetMeta(ctx context.Context, key string, old, value []byte) (bool, error) {
	if err := d.enter(ctx); err != nil {
		return false, err
	}
	defer d.open.RUnlock()
	d.write.Lock()
	defer d.write.Unlock()
	current, err := d.get(metaKey(key))
	if err != nil {
		return false, fmt.Errorf("read meta %s: %w", key, err)
	}
	if (current == nil) != (old == nil) || !bytes.Equal(current, old) {
		return false, nil
	}
	if err := d.db.Set(metaKey(key), value, pebble.Sync); err != nil {
		return false, fmt.Errorf("write meta %s: %w", key, err)
	}
	return true, nil
}

// Ping implements store.Driver.
func (d *Driver) Ping(ctx context.Context) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	d.open.RUnlock()
	return nil
}

// Close waits for the calls under way and closes the folder.
func (d *Driver) Close() error {
	d.open.Lock()
	defer d.open.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	if err := d.db.Close(); err != nil {
		return fmt.Errorf("close pebble store: %w", err)
	}
	return nil
}

// enter starts a call; d.open is held when it returns nil.
func (d *Driver) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.open.RLock()
	if d.closed {
		d.open.RUnlock()
		return store.ErrClosed
	}
	return nil
}

// get returns a copy of a value, nil when there is none.
func (d *Driver) get(key []byte) ([]byte, error) {
	value, closer, err := d.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(value)), value...)
	return out, closer.Close()
}

// scan calls visit for every key in [from, to), until it returns false or an error.
func (d *Driver) scan(ctx context.Context, from, to []byte, visit func(key, value []byte) (bool, error)) error {
	it, err := d.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	more := it.First()
	for more && err == nil {
		if more, err = visit(it.Key(), it.Value()); more && err == nil {
			more = it.Next()
		}
	}
	return errors.Join(err, it.Close())
}

// quietLogger passes on what pebble reports as wrong, and leaves out its running commentary.
type quietLogger struct{}

func (quietLogger) Infof(string, ...any) {}

func (quietLogger) Errorf(format string, args ...any) {
	slog.Error("pebble: " + fmt.Sprintf(format, args...))
}

func (quietLogger) Fatalf(format string, args ...any) {
	slog.Error("pebble: " + fmt.Sprintf(format, args...))
	os.Exit(1)
}
