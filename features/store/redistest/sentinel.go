package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// MasterName is what the sentinels call the master.
const MasterName = "halfstep"

// Sentinels is a running master with a replica, and the three sentinels that watch them.
type Sentinels struct {
	Master, Replica *Server

	sentinels []*Server
}

// StartSentinels starts them and returns when the sentinels know each other and the replica.
func StartSentinels(t testing.TB) *Sentinels {
	t.Helper()
	ports := freePorts(t, 5)
	s := &Sentinels{Master: start(t, ports[0], "--repl-diskless-sync-delay", "0")}
	s.Replica = start(t, ports[1], "--replicaof", "127.0.0.1 "+s.Master.port())
	for _, port := range ports[2:] {
		s.sentinels = append(s.sentinels, startSentinel(t, port, s.Master))
	}
	for _, one := range s.sentinels {
		client := one.Client()
		defer func() { _ = client.Close() }()
		Eventually(t, "the sentinels to find each other", func(ctx context.Context) error {
			info, err := client.Info(ctx, "sentinel").Result()
			if err == nil && !strings.Contains(info, "slaves=1,sentinels=3") {
				err = fmt.Errorf("sentinel info is %s", info)
			}
			return err
		})
	}
	return s
}

func startSentinel(t testing.TB, port int, master *Server) *Server {
	t.Helper()
	s := prepare(t, port)
	host, masterPort, _ := net.SplitHostPort(master.Addr)
	config := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\n"+
		"sentinel monitor %[3]s %s %s 2\nsentinel down-after-milliseconds %[3]s 500\nsentinel failover-timeout %[3]s 3000\n",
		port, s.dir, MasterName, host, masterPort)
	must(t, os.WriteFile(s.file("sentinel.conf"), []byte(config), 0o600))
	s.args = []string{s.file("sentinel.conf"), "--sentinel"}
	s.run()
	s.wait()
	return s
}

// URL is how a store finds the master.
func (s *Sentinels) URL() string {
	addrs := make([]string, len(s.sentinels))
	for i, one := range s.sentinels {
		addrs[i] = one.Addr
	}
	return "redis+sentinel://" + strings.Join(addrs, ",") + "/" + MasterName
}
