package redistest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

const (
	clusterMasters = 3
	clusterNodes   = 2 * clusterMasters
	clusterSlots   = 16384
)

// Cluster is a running Redis Cluster: three masters, each with a replica. Nodes[i+3] starts as the replica of Nodes[i].
type Cluster struct {
	Nodes []*Server
}

// StartCluster starts a Redis Cluster and returns when every node sees all of it.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	ports := freePorts(t, 2*clusterNodes)
	c := &Cluster{}
	for i := range clusterNodes {
		s := prepare(t, ports[i], "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(ports[clusterNodes+i]),
			"--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0")
		s.run()
		c.Nodes = append(c.Nodes, s)
	}
	clients := make([]*redis.Client, clusterNodes)
	for i, s := range c.Nodes {
		s.wait()
		clients[i] = s.Client()
		defer func() { _ = clients[i].Close() }()
	}
	c.join(t, clients, ports[clusterNodes:])
	return c
}

func (c *Cluster) join(t testing.TB, clients []*redis.Client, busPorts []int) {
	t.Helper()
	ctx := t.Context()
	for i, client := range clients {
		must(t, client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err())
		must(t, client.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", c.Nodes[0].port(), busPorts[0]).Err())
	}
	for i, client := range clients[:clusterMasters] {
		from, to := i*clusterSlots/clusterMasters, (i+1)*clusterSlots/clusterMasters-1
		must(t, client.ClusterAddSlotsRange(ctx, from, to).Err())
	}
	for i, client := range clients[clusterMasters:] {
		master, err := clients[i].Do(ctx, "CLUSTER", "MYID").Text()
		must(t, err)
		Eventually(t, "a replica to join the cluster", func(ctx context.Context) error {
			return client.ClusterReplicate(ctx, master).Err()
		})
	}
	for _, client := range clients {
		Eventually(t, "the cluster to form", func(ctx context.Context) error { return whole(ctx, client) })
	}
}

// whole says what a node still misses of the cluster.
func whole(ctx context.Context, client *redis.Client) error {
	info, err := client.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", clusterNodes)) {
		return fmt.Errorf("cluster info is %s", info)
	}
	shards, err := client.ClusterShards(ctx).Result()
	if err != nil {
		return err
	}
	for _, shard := range shards {
		if len(shard.Nodes) != 2 || shard.Nodes[0].Health != "online" || shard.Nodes[1].Health != "online" {
			return fmt.Errorf("slots %v have nodes %+v, expected two that are online", shard.Slots, shard.Nodes)
		}
	}
	return nil
}

// URL is how a store finds the cluster.
func (c *Cluster) URL() string {
	return "redis+cluster://" + c.Nodes[0].Addr + "," + c.Nodes[1].Addr
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
