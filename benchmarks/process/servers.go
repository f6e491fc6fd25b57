package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis starts a Redis of its own on a free port of loopback. It keeps nothing on disk.
func Redis(ctx context.Context) (*Process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	addr := listener.Addr().(*net.TCPAddr)
	_ = listener.Close() // it only held the port
	p, err := start(ctx, "redis-server", nil, "redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(addr.Port),
		"--save", "", "--appendonly", "no", "--dir", os.TempDir(), "--loglevel", "warning")
	if err != nil {
		return nil, fmt.Errorf("%w (Debian: apt-get install redis-server)", err)
	}
	p.Addr = addr.String()
	if err := p.answers(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start redis-server: %w\n%s", err, p.said()), p.Stop())
	}
	return p, nil
}

func (p *Process) answers(ctx context.Context) error {
	client := redis.NewClient(&redis.Options{Addr: p.Addr, MaxRetries: -1})
	defer client.Close()
	limit := time.Now().Add(startTimeout)
	for {
		err := client.Ping(ctx).Err()
		if err == nil || time.Now().After(limit) || p.Alive() != nil {
			return errors.Join(err, p.Alive())
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// RedisURL is how halfstep finds a Redis.
func RedisURL(redis *Process) string { return "redis://" + redis.Addr + "/0" }

// Build builds the halfstep of this checkout into a folder and returns its path.
func Build(ctx context.Context, folder string) (string, error) {
	path := filepath.Join(folder, "halfstep")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "github.com/halfstep-ml/halfstep/server/cmd/halfstep")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build halfstep: %w\n%s", err, output)
	}
	return path, nil
}

// Halfstep starts a halfstep on a free port of loopback, as it ships apart from the flags given.
func Halfstep(ctx context.Context, program, storeURL string, flags ...string) (*Process, error) {
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--store", storeURL, "--sample=false", "--log-format", "json"}, flags...)
	return start(ctx, "halfstep", func(line string) string {
		var entry struct{ Msg, Address string }
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Msg != "serving" {
			return ""
		}
		return entry.Address
	}, program, args...)
}

// announced is how a line begins that says where a server of ours listens.
const announced = "listening on "

// Announce is written by a server that Self has started.
func Announce(addr string) { fmt.Println(announced + addr) }

// Self starts this program again, in another role, and waits until that announces where it listens.
func Self(ctx context.Context, args ...string) (*Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return start(ctx, args[0], func(line string) string {
		addr, _ := strings.CutPrefix(line, announced)
		if addr == line {
			return ""
		}
		return addr
	}, program, args...)
}
