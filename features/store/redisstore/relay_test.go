package redisstore_test

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// relay stands between a store and its server, and can lose answers.
type relay struct {
	addr   string
	server string
	cut    atomic.Pointer[string]
}

func newRelay(t *testing.T, server string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: l.Addr().String(), server: server}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			down, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { r.serve(down) })
		}
	})
	t.Cleanup(wg.Wait)
	t.Cleanup(func() { _ = l.Close() })
	return r
}

// cutAfter has the connection closed that next carries a script under this command, once the server has answered it.
func (r *relay) cutAfter(command string) { r.cut.Store(&command) }

func (r *relay) serve(down net.Conn) {
	up, err := net.Dial("tcp", r.server)
	if err != nil {
		_ = down.Close()
		return
	}
	var lose atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() { _ = up.Close() }()
		buf := make([]byte, 64<<10)
		for {
			n, err := down.Read(buf)
			if err != nil {
				return
			}
			if command := r.cut.Load(); command != nil && bytes.Contains(buf[:n], []byte("\r\n"+*command+"\r\n")) {
				lose.Store(true)
				r.cut.Store(nil)
			}
			if _, err := up.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	defer func() { _ = down.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := up.Read(buf)
		if err != nil || lose.Load() {
			break
		}
		if _, err := down.Write(buf[:n]); err != nil {
			break
		}
	}
	_, _ = down.Close(), up.Close()
	wg.Wait()
}
