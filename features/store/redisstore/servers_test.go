package redisstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

// TestServersShareAStore runs the suite with two drivers on one store, as two servers have it; each call goes to the other one.
func TestServersShareAStore(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	storetest.Run(t, func(t testing.TB) store.Driver {
		o := redisstore.Options{URL: server.URL(), Shards: 8, Prefix: fmt.Sprintf("shared%d:", prefixes.Add(1))}
		return &servers{drivers: [2]*redisstore.Driver{open(t, o), open(t, o)}}
	})
}

type servers struct {
	drivers [2]*redisstore.Driver
	calls   atomic.Uint64
}

func (s *servers) next() *redisstore.Driver { return s.drivers[s.calls.Add(1)%2] }

func (s *servers) Shards() int { return s.next().Shards() }

func (s *servers) Load(ctx context.Context, ids []string, out []store.Snapshot) error {
	return s.next().Load(ctx, ids, out)
}

func (s *servers) Commit(ctx context.Context, shard int, changes []store.Change, outcomes []error) error {
	return s.next().Commit(ctx, shard, changes, outcomes)
}

func (s *servers) ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error) {
	return s.next().ReadJournal(ctx, shard, after, limit)
}

func (s *servers) ReadJournalBack(ctx context.Context, shard int, before string, limit int) ([]store.Entry, error) {
	return s.next().ReadJournalBack(ctx, shard, before, limit)
}

func (s *servers) TrimJournal(ctx context.Context, shard, keep int, upTo string) (int, error) {
	return s.next().TrimJournal(ctx, shard, keep, upTo)
}

func (s *servers) ClaimTimers(
	ctx context.Context, shard int, now time.Time, lease time.Duration, limit int,
) ([]store.Timer, error) {
	return s.next().ClaimTimers(ctx, shard, now, lease, limit)
}

func (s *servers) Scrub(ctx context.Context, id string, upTo uint64) (int, error) {
	return s.next().Scrub(ctx, id, upTo)
}

func (s *servers) Link(ctx context.Context, shard int, link string) (id, after string, ok bool, err error) {
	return s.next().Link(ctx, shard, link)
}

func (s *servers) Meta(ctx context.Context, key string) ([]byte, error) {
	return s.next().Meta(ctx, key)
}

func (s *servers) SetMeta(ctx context.Context, key string, old, value []byte) (bool, error) {
	return s.next().SetMeta(ctx, key, old, value)
}

func (s *servers) Spend(ctx context.Context, key, token string, limit int64, expires time.Time) (bool, error) {
	return s.next().Spend(ctx, key, token, limit, expires)
}

func (s *servers) Refund(ctx context.Context, key, token string) error {
	return s.next().Refund(ctx, key, token)
}

func (s *servers) Spent(ctx context.Context, key string) (int64, error) {
	return s.next().Spent(ctx, key)
}

func (s *servers) Ping(ctx context.Context) error { return s.next().Ping(ctx) }

func (s *servers) Close() error {
	if err := s.drivers[0].Close(); err != nil {
		return err
	}
	return s.drivers[1].Close()
}
