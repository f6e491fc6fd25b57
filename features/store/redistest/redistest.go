// Package redistest starts real Redis servers on loopback for tests, and stops them again.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const startTimeout = 15 * time.Second

// Server is a running redis-server.
type Server struct {
	Addr string

	t    testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
	done chan struct{}
	log  bytes.Buffer
}

// Start starts a server that keeps nothing on disk, unless args say otherwise ("--appendonly", "yes", …), and stops it when the
// test is over. Without a redis-server on the machine the test is skipped, or fails where CI is set.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, freePorts(t, 1)[0], args...)
}

func start(t testing.TB, port int, args ...string) *Server {
	t.Helper()
	s := prepare(t, port, args...)
	s.run()
	s.wait()
	return s
}

func prepare(t testing.TB, port int, args ...string) *Server {
	t.Helper()
	need(t)
	s := &Server{t: t, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: t.TempDir()}
	s.args = append([]string{
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--loglevel", "warning",
	}, args...)
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("redis-server %s said:\n%s", s.Addr, s.log.Bytes())
		}
	})
	return s
}

// need skips the test, or fails it, when there is no redis-server.
func need(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("redis-server is not installed, and CI must not skip this")
	}
	t.Skip("redis-server is not installed (Debian: apt-get install redis-server)")
}

func (s *Server) run() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start redis-server: %v", err)
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // it ends by being killed
		close(done)
	}(s.cmd, s.done)
}

// wait returns when the server answers.
func (s *Server) wait() {
	s.t.Helper()
	client := s.Client()
	defer func() { _ = client.Close() }()
	Eventually(s.t, "redis-server "+s.Addr+" to answer", func(ctx context.Context) error {
		select {
		case <-s.done:
			return fmt.Errorf("it has exited: %s", s.log.Bytes())
		default:
			return client.Ping(ctx).Err()
		}
	})
}

// Client returns a client of this one server; the caller closes it.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1, DialerRetries: 1})
}

// URL is how a store finds the server.
func (s *Server) URL() string { return "redis://" + s.Addr + "/0" }

// Kill ends the server with SIGKILL, as a crash would, and waits until it is gone.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended already
	<-s.done
	s.cmd = nil
}

// Restart starts a killed server again, at its address and in its folder.
func (s *Server) Restart() {
	s.t.Helper()
	s.run()
	s.wait()
}

func (s *Server) port() string {
	_, port, _ := net.SplitHostPort(s.Addr)
	return port
}

func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }

// freePorts returns n ports that nobody listened on a moment ago.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("find a free port: %v", err)
		}
		defer func() { _ = l.Close() }() // held until all are found, so that they differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}

// Eventually polls until check succeeds, and fails the test when it does not in time.
func Eventually(t testing.TB, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited %v for %s: %v", startTimeout, what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
