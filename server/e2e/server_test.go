// Package e2e tests the program as it is shipped: the real binary, started on a port of its own, over HTTP.
package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "halfstep-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "halfstep")
	build := exec.Command("go", "build", "-o", binary, "../cmd/halfstep")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic("build halfstep: " + err.Error())
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// server is a running halfstep.
type server struct {
	cmd    *exec.Cmd
	url    string
	exited chan error
}

// start runs `halfstep serve` on a free port and waits until it says where it serves.
func start(t *testing.T, storeURL string, flags ...string) *server {
	t.Helper()
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--store", storeURL, "--sample=false", "--log-format", "json"}, flags...)
	s := &server{cmd: exec.Command(binary, args...), exited: make(chan error, 1)}
	logs, err := s.cmd.StderrPipe()
	require.NoError(t, err)
	s.cmd.Stdout = io.Discard
	require.NoError(t, s.cmd.Start())
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(logs)
		for lines.Scan() {
			var line struct{ Msg, Address, Level string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				address <- line.Address
			} else if line.Level != "INFO" {
				t.Log(lines.Text())
			}
		}
		s.exited <- s.cmd.Wait()
	}()
	t.Cleanup(s.kill)
	select {
	case a := <-address:
		s.url = "http://" + a
	case err := <-s.exited:
		s.exited <- err
		t.Fatalf("halfstep serve ended: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("halfstep serve does not say where it serves")
	}
	return s
}

// kill ends the server as a crash would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	s.exited <- <-s.exited
}

// stop ends the server as an operator would.
func (s *server) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.exited:
		s.exited <- err
		require.NoError(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("halfstep does not stop")
	}
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 20 * time.Second}

// call sends a request and decodes the answer into out.
func call(ctx context.Context, method, url string, body io.Reader, out any) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(out)
}
