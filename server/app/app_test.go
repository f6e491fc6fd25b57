package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/config"
)

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// running is an App that serves.
type running struct {
	*App
	t    *testing.T
	log  *syncBuffer
	stop func() error // waits until it has stopped
}

func start(t *testing.T, change func(*Options)) *running {
	t.Helper()
	r := &running{t: t, log: &syncBuffer{}}
	o := Options{Config: config.Default(), Log: slog.New(slog.NewJSONHandler(r.log, nil))}
	o.Config.Listen, o.Config.Store, o.Config.Sample = "127.0.0.1:0", "memory:", false
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a, err := Open(ctx, o)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	r.App = a
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	r.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return r
}

func (r *running) do(method, path, body string) (int, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, "http://"+r.Addr()+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestWhatWasAcknowledgedIsThereAfterARestart(t *testing.T) {
	folder := t.TempDir()
	onDisk := func(o *Options) { o.Config.Store = "pebble:" + folder }
	r := start(t, onDisk)
	if status, body := r.do("POST", "/events", `{"id":"1","event":"A","customer_id":"c"}`); status != 200 {
		t.Fatal(status, body)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = start(t, onDisk)
	if _, body := r.do("POST", "/score", `{"customer_id":"c"}`); !strings.Contains(body, `"known":true`) {
		t.Errorf("got %s", body)
	}
	if _, body := r.do("POST", "/events", `{"id":"1","event":"A","customer_id":"c"}`); !strings.Contains(body, `"duplicates":1`) {
		t.Errorf("got %s", body)
	}
}

func TestTheSampleIsLoadedOnce(t *testing.T) {
	folder := t.TempDir()
	withSample := func(o *Options) { o.Config.Store, o.Config.Sample = "pebble:"+folder, true }
	r := start(t, withSample)
	for line := range strings.Lines(r.Welcome()) {
		if strings.Contains(line, "curl") && !strings.Contains(line, r.Addr()) {
			t.Errorf("the line to try names another server: %s", line)
		}
	}
	_, before := r.do("GET", "/customers/"+sampleCustomer(), "")
	if !strings.Contains(before, `"known":true`) {
		t.Fatalf("got %s", before)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = start(t, withSample)
	if _, metrics := r.do("GET", "/metrics", ""); !strings.Contains(metrics, `halfstep_events_total{outcome="duplicate"} 0`) {
		t.Error("the sample was loaded again")
	}
}

func TestNoSampleInAStoreThatWasUsed(t *testing.T) {
	driver := memory.New(1)
	start(t, func(o *Options) { o.Driver = undying{driver} }).stop()
	r := start(t, func(o *Options) { o.Driver, o.Config.Sample = undying{driver}, true })
	if _, body := r.do("GET", "/customers/"+sampleCustomer(), ""); !strings.Contains(body, `"known":false`) {
		t.Errorf("got %s", body)
	}
}

// undying is a driver that a second App can use.
type undying struct{ store.Driver }

func (undying) Close() error { return nil }

// heldDriver holds up commits.
type heldDriver struct {
	store.Driver
	entered, goOn chan struct{}
}

func (d *heldDriver) Commit(ctx context.Context, shard int, changes []store.Change, outcomes []error) error {
	d.entered <- struct{}{}
	<-d.goOn
	return d.Driver.Commit(ctx, shard, changes, outcomes)
}

func TestStoppingFinishesWhatWasTaken(t *testing.T) {
	d := &heldDriver{Driver: memory.New(1), entered: make(chan struct{}, 1), goOn: make(chan struct{})}
	r := start(t, func(o *Options) { o.Driver = d })
	answered := make(chan string, 1)
	go func() {
		status, body := r.do("POST", "/events", `{"event":"A","customer_id":"c"}`)
		answered <- fmt.Sprint(status, " ", body)
	}()
	<-d.entered
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	select {
	case err := <-stopped:
		t.Fatalf("stopped while a request was under way: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(d.goOn)
	if got := <-answered; !strings.HasPrefix(got, "200 ") {
		t.Errorf("got %s", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestSlowClientsAreLetGo(t *testing.T) {
	r := start(t, func(o *Options) { o.Config.ReadTimeout = 100 * time.Millisecond })
	for name, sent := range map[string]string{
		"header": "POST /events HTTP/1.1\r\nHost: x\r\n",
		"body":   "POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", r.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, sent); err != nil {
				t.Fatal(err)
			}
			if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(bufio.NewReader(c))
			if err != nil {
				t.Errorf("the connection was kept: %v", err)
			}
			if name == "body" && !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
				t.Errorf("got %.100s", answer)
			}
		})
	}
}

func TestReloadOfABadFileKeepsTheOldOneServing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "features.yaml")
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(features.DefaultFile())
	r := start(t, func(o *Options) { o.Config.Features = path })
	revision := func() string {
		_, body := r.do("GET", "/version", "")
		var v struct{ Features string }
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatal(err)
		}
		return v.Features
	}
	before := revision()
	write([]byte("version: 1\nfeatures:\n  - {name: a, derive: 'b'}\n  - {name: b, derive: 'a'}\n"))
	if err := r.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "3:23: ") {
		t.Errorf("got %v, expected an error with line and column", err)
	}
	if revision() != before {
		t.Error("a bad file changed what serves")
	}
	const more = "  - {name: things, on: '*', aggregate: count, windows: [1h]}\n"
	write([]byte("version: 1\nfeatures:\n" + more))
	if err := r.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "no such feature") {
		t.Errorf("got %v, expected an error about the features that the bundles need", err)
	}
	if revision() != before {
		t.Error("a file that the bundles cannot serve with took over")
	}
	write(bytes.Replace(features.DefaultFile(), []byte("features:\n"), []byte("features:\n"+more), 1))
	if err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if revision() == before {
		t.Error("a good file changed nothing")
	}
	if _, body := r.do("GET", "/customers/c", ""); !strings.Contains(body, `"things_1h":0`) {
		t.Errorf("got %s", body)
	}
}

func TestOpenFailsClean(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	for _, c := range []struct {
		name   string
		change func(*config.Config)
		want   string
	}{
		{"port taken", func(c *config.Config) { c.Listen = taken.Addr().String() }, "listen"},
		{"no features file", func(c *config.Config) { c.Features = filepath.Join(folder, "none.yaml") }, "read features"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Config: config.Default(), Log: slog.New(slog.DiscardHandler)}
			o.Config.Listen, o.Config.Store, o.Config.Sample = "127.0.0.1:0", "pebble:"+folder, false
			c.change(&o.Config)
			if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v", err)
			}
			// What was opened was closed: the folder can be opened again.
			o.Config = config.Default()
			o.Config.Listen, o.Config.Store, o.Config.Sample = "127.0.0.1:0", "pebble:"+folder, false
			a, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
