// Package redisstore keeps customers in Redis 7 or newer: one server, a master watched by sentinels, or a cluster.
//
// A commit of one shard is one script. Commits of different shards that come together travel in one pipeline a node. Nothing that
// changes data is sent again by itself, because an answer that was lost would then come back as a conflict.
//
// A commit is as durable as Redis is told to be: "appendfsync always" keeps every acknowledged commit through a crash of the
// server, and replication is asynchronous, so a failover may lose the last ones. Deleted journal entries leave Redis's memory
// when their block of the stream is empty or trimmed. The server must not evict keys (maxmemory-policy noeviction).
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/internal/cell"
)

const (
	defaultShards  = 256
	maxShards      = 8192
	defaultPrefix  = "halfstep:"
	defaultLinkTTL = 30 * 24 * time.Hour
)

// setLogger is done once: it changes a variable of go-redis.
var setLogger = sync.OnceFunc(func() { redis.SetLogger(logger{}) })

// Options say where the store is and what it is like.
type Options struct {
	// URL says where Redis is: redis://host:port/db, redis+sentinel://host,host/master, redis+cluster://host,host, or rediss… for
	// encrypted connections.
	URL string
	// Shards is the number of shards, from 1 to 8192. It is fixed when the store is created: 256 when it is 0 then. Later, 0 takes
	// the number that is stored, and another number than that is an error.
	Shards int
	// Prefix begins every key, so that installations can share a server; "halfstep:" when empty.
	Prefix string
	// CustomerTTL is how long a customer is kept after their last commit, unless that commit says Keep; 0 is forever. It must be
	// longer than any timer, because the timers of an expired customer are dropped.
	CustomerTTL time.Duration
	// LinkTTL is how long links are kept; 30 days when 0.
	LinkTTL time.Duration
}

// Driver is a store.Driver in Redis.
type Driver struct {
	client      redis.UniversalClient
	pipes       pipes
	prefix      string
	bases       []string // by shard, what its keys begin with
	customerTTL time.Duration
	linkTTL     time.Duration

	// open is held for reading by every call, and for writing by Close.
	open   sync.RWMutex
	closed bool
}

var _ store.Driver = (*Driver)(nil)

// Open connects to a store, and creates it where there is none.
func Open(ctx context.Context, o Options) (*Driver, error) {
	if o.Shards < 0 || o.Shards > maxShards {
		return nil, fmt.Errorf("redis store: shards is %d, expected 1 to %d", o.Shards, maxShards)
	}
	if o.CustomerTTL < 0 || o.LinkTTL < 0 {
		return nil, errors.New("redis store: a time to live is negative")
	}
	setLogger()
	client, err := connect(o.URL)
	if err != nil {
		return nil, fmt.Errorf("redis store: %w", err)
	}
	d := &Driver{client: client, prefix: o.Prefix, customerTTL: o.CustomerTTL, linkTTL: o.LinkTTL}
	d.pipes.client = client
	if d.prefix == "" {
		d.prefix = defaultPrefix
	}
	if d.linkTTL == 0 {
		d.linkTTL = defaultLinkTTL
	}
	shards, err := d.settleShards(ctx, o.Shards)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("redis store: %w", err), client.Close())
	}
	d.bases = make([]string, shards)
	for i := range d.bases {
		d.bases[i] = d.base(i)
	}
	return d, nil
}

// settleShards stores the number of shards when the store is new, and returns the stored one.
func (d *Driver) settleShards(ctx context.Context, want int) (int, error) {
	first := want
	if first == 0 {
		first = defaultShards
	}
	if err := d.client.SetNX(ctx, d.shardsKey(), first, 0).Err(); err != nil {
		return 0, fmt.Errorf("write the number of shards: %w", err)
	}
	text, err := d.client.Get(ctx, d.shardsKey()).Result()
	if err != nil {
		return 0, fmt.Errorf("read the number of shards: %w", err)
	}
	stored, err := strconv.Atoi(text)
	if err != nil || stored < 1 || stored > maxShards {
		return 0, fmt.Errorf("%s is %q, expected a number from 1 to %d", d.shardsKey(), text, maxShards)
	}
	if want != 0 && want != stored {
		return 0, fmt.Errorf("shards is %d, but the store was created with %d, which cannot be changed", want, stored)
	}
	return stored, nil
}

// Shards is the number that the store was created with.
func (d *Driver) Shards() int { return len(d.bases) }

// Load implements store.Driver.
func (d *Driver) Load(ctx context.Context, ids []string, out []store.Snapshot) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.open.RUnlock()
	if len(ids) == 1 {
		var err error
		out[0], err = snapshot(d.client.Get(ctx, d.cellKey(ids[0])))
		return err
	}
	pipe := d.client.Pipeline()
	gets := make([]*redis.StringCmd, len(ids))
	for i, id := range ids {
		gets[i] = pipe.Get(ctx, d.cellKey(id))
	}
	// What matters of its error is in the commands, where it can be told from an unknown customer.
	_, _ = pipe.Exec(ctx)
	for i, get := range gets {
		var err error
		if out[i], err = snapshot(get); err != nil {
			return err
		}
	}
	return nil
}

func snapshot(get *redis.StringCmd) (store.Snapshot, error) {
	b, err := get.Bytes()
	if errors.Is(err, redis.Nil) {
		return store.Snapshot{}, nil
	}
	var out store.Snapshot
	if err == nil {
		out, err = cell.Decode(b)
	}
	if err != nil {
		return store.Snapshot{}, fmt.Errorf("load customer: %w", err)
	}
	return out, nil
}

// Ping implements store.Driver.
func (d *Driver) Ping(ctx context.Context) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.open.RUnlock()
	// A key's node, where PING would be answered by any.
	if err := d.client.Exists(ctx, d.shardsKey()).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}

// Close waits for the calls under way and closes the connections.
func (d *Driver) Close() error {
	d.open.Lock()
	defer d.open.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	d.pipes.wait()
	if err := d.client.Close(); err != nil {
		return fmt.Errorf("close redis store: %w", err)
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

// logger passes on what go-redis has to say, in the format of everything else.
type logger struct{}

func (logger) Printf(ctx context.Context, format string, args ...any) {
	slog.WarnContext(ctx, "redis client", "message", fmt.Sprintf(format, args...))
}
