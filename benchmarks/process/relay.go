package process

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Relay stands between a client and its server, and counts how often the client sends and then waits for what comes back.
type Relay struct {
	Addr     string
	server   string
	listener net.Listener
	trips    atomic.Int64
	work     sync.WaitGroup
}

// NewRelay stands before a server.
func NewRelay(server string) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	r := &Relay{Addr: l.Addr().String(), server: server, listener: l}
	r.work.Go(r.accept)
	return r, nil
}

// Trips is the number of round trips so far. Commands that travel together are one.
func (r *Relay) Trips() int64 { return r.trips.Load() }

// Close ends it, once the clients have closed their connections.
func (r *Relay) Close() error {
	err := r.listener.Close()
	r.work.Wait()
	return err
}

func (r *Relay) accept() {
	for {
		down, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		r.work.Go(func() { r.serve(down) })
	}
}

func (r *Relay) serve(down net.Conn) {
	defer down.Close()
	up, err := net.Dial("tcp", r.server)
	if err != nil {
		return
	}
	var answered atomic.Bool // the server was the last to speak
	answered.Store(true)
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		defer up.Close()
		_ = pass(up, down, func() {
			if answered.Swap(false) {
				r.trips.Add(1)
			}
		})
	})
	_ = pass(down, up, func() { answered.Store(true) })
}

// pass copies until one of the two is closed, and calls back before everything that it passes on.
func pass(to io.Writer, from io.Reader, before func()) error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return err
		}
		before()
		if _, err := to.Write(buffer[:n]); err != nil {
			return err
		}
	}
}
