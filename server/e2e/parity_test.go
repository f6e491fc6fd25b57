package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/source"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/pebblestore"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
)

const ga4File = "ga4_events_2020-12-19_2021-01-24.csv.zst"

// twoHours are all events of two real hours of the shop, moved as they are to the two hours before now: the server would rightly
// refuse to fold events that arrive years late.
func twoHours(t *testing.T) []event.Event {
	t.Helper()
	folder := os.Getenv("HALFSTEP_DATA")
	if folder == "" {
		folder = "../../../shared/datasets"
	}
	if _, err := os.Stat(folder); err != nil && os.Getenv("CI") == "" {
		t.Skipf("the data sets are not in %s; set HALFSTEP_DATA", folder)
	}
	mapping, err := source.ShippedMapping("ga4")
	require.NoError(t, err)
	src, err := source.Open([]string{filepath.Join(folder, ga4File)}, source.Options{Mapping: mapping})
	require.NoError(t, err)
	from := time.Date(2021, 1, 13, 18, 0, 0, 0, time.UTC)
	shift := time.Now().Add(-2 * time.Hour).Truncate(time.Second).Sub(from).Milliseconds()
	var list []event.Event
	decoder := src.NewDecoder()
	require.NoError(t, src.Scan(t.Context(), func(r source.Row) error {
		events, err := decoder.Decode(r.Raw, nil)
		for _, e := range events {
			if at := time.UnixMilli(e.At); !at.Before(from) && at.Before(from.Add(2*time.Hour)) {
				e.At += shift
				e.ReceivedAt = e.At
				list = append(list, e)
			}
		}
		return err
	}))
	require.Greater(t, len(list), 1000, "the hours that were chosen must have events")
	return list
}

// batch is what one request sends.
type batch []*event.Event

func (b batch) body() []byte {
	body := []byte{'['}
	for i, e := range b {
		if i > 0 {
			body = append(body, ',')
		}
		sent := *e
		sent.ReceivedAt = 0 // the server's to say
		body = sent.AppendJSON(body)
	}
	return append(body, ']')
}

// shuffledBatches are all events in random order, one in ten twice.
func shuffledBatches(events []event.Event) []batch {
	random := rand.New(rand.NewPCG(1, 2))
	var all batch
	for i := range events {
		all = append(all, &events[i])
		if i%10 == 0 {
			all = append(all, &events[i])
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var batches []batch
	for len(all) > 0 {
		n := min(1+random.IntN(100), len(all))
		batches = append(batches, all[:n])
		all = all[n:]
	}
	return batches
}

// send posts the batches over 16 connections, again and again until each is acknowledged. crash is called once, on the way.
func send(t *testing.T, address func() string, batches []batch, crash func()) (accepted, duplicates int64) {
	t.Helper()
	var acceptedN, duplicatesN, done atomic.Int64
	var once sync.Once
	queue := make(chan batch)
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for b := range queue {
				var answer struct{ Accepted, Duplicates int64 }
				for attempt := 0; ; attempt++ {
					status, err := call(context.Background(), http.MethodPost, address()+"/events", bytes.NewReader(b.body()), &answer)
					if err == nil && status == http.StatusOK {
						break
					}
					if attempt == 400 {
						t.Errorf("a batch is not acknowledged: %d %v", status, err)
						return
					}
					time.Sleep(50 * time.Millisecond) // a client waits before it sends again
				}
				acceptedN.Add(answer.Accepted)
				duplicatesN.Add(answer.Duplicates)
				if done.Add(1) == int64(len(batches)/2) && crash != nil {
					once.Do(crash)
				}
			}
		})
	}
	for _, b := range batches {
		queue <- b
	}
	close(queue)
	workers.Wait()
	return acceptedN.Load(), duplicatesN.Load()
}

// vectors asks for every customer's features at an instant.
func vectors(t *testing.T, address string, customers []string, at int64) map[string]map[string]float32 {
	t.Helper()
	all := make(map[string]map[string]float32, len(customers))
	when := url.QueryEscape(time.UnixMilli(at).UTC().Format(time.RFC3339Nano))
	for _, id := range customers {
		var profile struct {
			Known    bool
			Features map[string]*float32
		}
		status, err := call(t.Context(), http.MethodGet, address+"/customers/"+url.PathEscape(id)+"?at="+when, nil, &profile)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.True(t, profile.Known, id)
		all[id] = map[string]float32{}
		for name, v := range profile.Features {
			all[id][name] = float32(math.NaN())
			if v != nil {
				all[id][name] = *v
			}
		}
	}
	return all
}

// compare holds a replay to what the server said, bit for bit.
func compare(t *testing.T, in replay.Input, at int64, live map[string]map[string]float32, only func(features.Feature) bool) {
	t.Helper()
	fs := features.Default()
	out := make([]float32, fs.Len())
	seen, compared := 0, 0
	_, err := replay.Profiles(t.Context(), in, fs, replay.Options{}, func(customer string, s *features.State) error {
		seen++
		if err := fs.Read(s, at, &features.Moment{}, out); err != nil {
			return err
		}
		for i, f := range fs.Features() {
			if only != nil && !only(f) {
				continue
			}
			compared++
			if got, ok := live[customer][f.Name]; !ok || math.Float32bits(got) != math.Float32bits(out[i]) && !(got != got && out[i] != out[i]) {
				return fmt.Errorf("%s of %s: the server says %v, replay %v", f.Name, customer, got, out[i])
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(live), seen, "customers")
	t.Logf("%d values of %d customers are the same", compared, seen)
}

// eventFile writes events as JSONL, in the order in which they happened.
func eventFile(t *testing.T, events []event.Event) replay.Input {
	t.Helper()
	var lines []byte
	for i := range events {
		lines = append(events[i].AppendJSON(lines), '\n')
	}
	path := filepath.Join(t.TempDir(), "events.jsonl")
	require.NoError(t, os.WriteFile(path, lines, 0o600))
	src, err := source.Open([]string{path}, source.Options{})
	require.NoError(t, err)
	return replay.Files(src)
}

// TestLiveEqualsReplay is the promise that there is no skew between training and serving: events over HTTP, shuffled, concurrent, some
// twice; then every customer's vector against a replay of the server's own journal, and what is order-free against the files.
func TestLiveEqualsReplay(t *testing.T) {
	events := twoHours(t)
	for _, backend := range []struct {
		name string
		open func(t *testing.T) (storeURL string, reopen func() (store.Driver, error))
	}{
		{"pebble", func(t *testing.T) (string, func() (store.Driver, error)) {
			dir := t.TempDir()
			return "pebble:" + dir, func() (store.Driver, error) { return pebblestore.Open(dir) }
		}},
		{"redis", func(t *testing.T) (string, func() (store.Driver, error)) {
			address := "redis://" + redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always").Addr
			return address, func() (store.Driver, error) {
				return redisstore.Open(t.Context(), redisstore.Options{URL: address})
			}
		}},
	} {
		for _, crash := range []bool{false, true} {
			t.Run(backend.name+", crash "+strconv.FormatBool(crash), func(t *testing.T) {
				storeURL, reopen := backend.open(t)
				checkParity(t, events, storeURL, reopen, crash)
			})
		}
	}
}

func checkParity(t *testing.T, events []event.Event, storeURL string, reopen func() (store.Driver, error), crash bool) {
	var running atomic.Pointer[server]
	running.Store(start(t, storeURL))
	var killAndRestart func()
	if crash {
		killAndRestart = func() {
			running.Load().kill()
			running.Store(start(t, storeURL))
		}
	}
	accepted, duplicates := send(t, func() string { return running.Load().url }, shuffledBatches(events), killAndRestart)
	if !crash {
		require.EqualValues(t, len(events), accepted)
		require.EqualValues(t, (len(events)+9)/10, duplicates)
	}
	customers := map[string]bool{}
	newest := int64(0)
	for i := range events {
		customers[events[i].Key()] = true
		newest = max(newest, events[i].At)
	}
	at := newest + time.Minute.Milliseconds()
	live := vectors(t, running.Load().url, slices.Sorted(maps.Keys(customers)), at)
	running.Load().stop(t)

	driver, err := reopen()
	require.NoError(t, err)
	defer func() { require.NoError(t, driver.Close()) }()
	compare(t, replay.Journal(driver), at, live, nil)
	compare(t, eventFile(t, events), at, live, func(f features.Feature) bool { return f.OrderFree })
}
