package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

func TestKillKeepsAcknowledgedCommits(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	d := open(t, redisstore.Options{URL: server.URL(), Shards: 4})
	acknowledged := map[string]uint64{}
	n := 0
	enough := make(chan struct{})
	writers := make(chan struct{})
	go func() {
		defer close(writers)
		storetest.WriteUntil(t.Context(), d, func(id string, version uint64) {
			acknowledged[id] = version
			if n++; n == 500 {
				close(enough)
			}
		})
	}()
	<-enough
	server.Kill()
	<-writers
	server.Restart()
	storetest.CheckAcknowledged(t, d, acknowledged)
}

// TestFailover has a store find the new master when sentinels promote the replica.
func TestFailover(t *testing.T) {
	t.Parallel()
	sentinels := redistest.StartSentinels(t)
	d := open(t, redisstore.Options{URL: sentinels.URL(), Shards: 4})
	ctx := t.Context()
	change := store.Change{ID: "a", State: []byte("before")}
	outcomes := make([]error, 1)
	shard := store.ShardOf("a", d.Shards())
	if err := d.Commit(ctx, shard, []store.Change{change}, outcomes); err != nil || outcomes[0] != nil {
		t.Fatal(err, outcomes)
	}
	replicated(t, sentinels)
	sentinels.Master.Kill()

	redistest.Eventually(t, "a commit to the new master", func(ctx context.Context) error {
		out := make([]store.Snapshot, 1)
		if err := d.Load(ctx, []string{"a"}, out); err != nil {
			return err
		}
		if string(out[0].State) == "after" {
			return nil
		}
		change := store.Change{ID: "a", Expect: out[0].Version, State: []byte("after")}
		if err := d.Commit(ctx, shard, []store.Change{change}, outcomes); err != nil {
			return err
		}
		return outcomes[0]
	})
}

// replicated waits until the replica has what the master has.
func replicated(t *testing.T, s *redistest.Sentinels) {
	t.Helper()
	master, replica := s.Master.Client(), s.Replica.Client()
	defer func() { _, _ = master.Close(), replica.Close() }()
	redistest.Eventually(t, "the replica to catch up", func(ctx context.Context) error {
		want, err := master.DBSize(ctx).Result()
		if err != nil {
			return err
		}
		got, err := replica.DBSize(ctx).Result()
		if err == nil && got != want {
			err = fmt.Errorf("it has %d of %d keys", got, want)
		}
		return err
	})
}

// testClusterFailover has a store follow its shards to a replica that takes over.
func testClusterFailover(t *testing.T, cluster *redistest.Cluster) {
	d := open(t, redisstore.Options{URL: cluster.URL(), Shards: 8})
	ids := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	commitAll := func(ctx context.Context, state string) error {
		snapshots := make([]store.Snapshot, len(ids))
		if err := d.Load(ctx, ids, snapshots); err != nil {
			return err
		}
		for i, id := range ids {
			outcomes := make([]error, 1)
			change := store.Change{ID: id, Expect: snapshots[i].Version, State: []byte(state)}
			if err := d.Commit(ctx, store.ShardOf(id, d.Shards()), []store.Change{change}, outcomes); err != nil {
				return err
			}
			if outcomes[0] != nil {
				return outcomes[0]
			}
		}
		return nil
	}
	if err := commitAll(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	failOver(t, cluster.Nodes[3])
	redistest.Eventually(t, "commits to every shard", func(ctx context.Context) error { return commitAll(ctx, "after") })
}

// failOver has a replica take over from its master.
func failOver(t *testing.T, replica *redistest.Server) {
	t.Helper()
	client := replica.Client()
	defer func() { _ = client.Close() }()
	redistest.Eventually(t, "the replica to take over", func(ctx context.Context) error {
		role, err := client.Do(ctx, "ROLE").Slice()
		if err != nil || role[0] == "master" {
			return err
		}
		if err := client.ClusterFailover(ctx).Err(); err != nil && !redis.HasErrorPrefix(err, "ERR") {
			return err
		}
		return errors.New("it is a replica still")
	})
}
