package redisstore

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

const (
	// pipesInFlight is how many pipelines are under way to a node: one that it works on, and one on the way.
	pipesInFlight = 2
	// pipeCommits bounds how many commits go in one pipeline.
	pipeCommits = 256
)

// pipes gather the commits of different shards that are bound for one node at one time: alone, each costs Redis ten times as
// much. A node that hangs holds up its own shards only.
type pipes struct {
	client redis.UniversalClient

	mu     sync.Mutex
	byNode map[*redis.Client]*pipe
	work   sync.WaitGroup
}

// pipe is the queue of one node.
type pipe struct {
	waiting []*call
	flights int
}

// call is one commit script on its way.
type call struct {
	key    string
	args   []any
	result *redis.Cmd
	done   chan struct{}
}

// commit runs the commit script in a pipeline with others.
func (p *pipes) commit(ctx context.Context, key string, args []any) (string, error) {
	var node *redis.Client // nil when there is one node only
	if cluster, ok := p.client.(*redis.ClusterClient); ok {
		var err error
		if node, err = cluster.MasterForKey(ctx, key); err != nil {
			return "", fmt.Errorf("find the node of %s: %w", key, err)
		}
	}
	c := &call{key: key, args: args, done: make(chan struct{})}
	p.push(node, c)
	<-c.done
	return c.result.Text()
}

func (p *pipes) push(node *redis.Client, c *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byNode == nil {
		p.byNode = map[*redis.Client]*pipe{}
	}
	q := p.byNode[node]
	if q == nil {
		q = &pipe{}
		p.byNode[node] = q
	}
	q.waiting = append(q.waiting, c)
	if q.flights < pipesInFlight {
		q.flights++
		p.work.Go(func() { p.fly(node, q) })
	}
}

// fly sends what waits until nothing does.
func (p *pipes) fly(node *redis.Client, q *pipe) {
	for {
		calls := p.next(node, q)
		if calls == nil {
			return
		}
		p.exec(calls)
		for _, c := range calls {
			close(c.done)
		}
	}
}

func (p *pipes) next(node *redis.Client, q *pipe) []*call {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(len(q.waiting), pipeCommits)
	if n == 0 {
		if q.flights--; q.flights == 0 {
			delete(p.byNode, node) // nodes come and go
		}
		return nil
	}
	calls := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return calls
}

// exec sends the calls together; those for which the node did not know the script once more, because it did not run there.
func (p *pipes) exec(calls []*call) {
	p.send(calls, false)
	var again []*call
	for _, c := range calls {
		if unknownScript(c.result.Err()) {
			again = append(again, c)
		}
	}
	if len(again) > 0 {
		p.send(again, true)
	}
}

func (p *pipes) send(calls []*call, bySource bool) {
	// Many wait for it, so it ends by its own timeouts and not by anybody's context.
	ctx := context.Background()
	pipe := p.client.Pipeline()
	for _, c := range calls {
		cmd := commitScript.command(ctx, bySource, c.key, c.args)
		c.result = cmd.Cmd
		_ = pipe.Process(ctx, cmd) // queues it
	}
	_, _ = pipe.Exec(ctx) // every command has its own error
}

func (p *pipes) wait() { p.work.Wait() }
