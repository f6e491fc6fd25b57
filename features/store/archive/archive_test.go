package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
)

const shards = 4

// write commits n events to each of a few customers.
func write(t *testing.T, d store.Driver, n int) {
	t.Helper()
	for i := range 8 {
		id := fmt.Sprintf("customer-%d", i)
		snapshot := make([]store.Snapshot, 1)
		if err := d.Load(t.Context(), []string{id}, snapshot); err != nil {
			t.Fatal(err)
		}
		c := store.Change{ID: id, Expect: snapshot[0].Version, State: []byte("s")}
		for k := range n {
			data := fmt.Appendf(nil, `{"n":%d,"text":"<b>\u4f60 & 你"}`, k)
			c.Records = append(c.Records, store.Record{Kind: store.RecordEvent, Data: data})
		}
		c.Records = append(c.Records, store.Record{Kind: store.RecordMerge, Data: []byte("\x00binary\xff")})
		outcomes := make([]error, 1)
		if err := d.Commit(t.Context(), store.ShardOf(id, d.Shards()), []store.Change{c}, outcomes); err != nil || outcomes[0] != nil {
			t.Fatal(err, outcomes)
		}
	}
}

func open(t *testing.T, dir string) *Archive {
	t.Helper()
	a, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func copyAll(t *testing.T, a *Archive, j Journal) int {
	t.Helper()
	n, err := a.Copy(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// check compares an archive with a journal, shard by shard and byte by byte.
func check(t *testing.T, dir string, d store.Driver) {
	t.Helper()
	got := make([][]store.Entry, d.Shards())
	for e, err := range Read(dir) {
		if err != nil {
			t.Fatal(err)
		}
		got[e.Shard] = append(got[e.Shard], e.Entry)
	}
	for shard, entries := range got {
		want, err := d.ReadJournal(t.Context(), shard, "", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != len(want) {
			t.Fatalf("shard %d: %d entries archived, the journal has %d", shard, len(entries), len(want))
		}
		for i, e := range entries {
			w := want[i]
			if e.Cursor != w.Cursor || e.Customer != w.Customer || e.Version != w.Version || e.Kind != w.Kind || !bytes.Equal(e.Data, w.Data) {
				t.Fatalf("shard %d: archived %+v, the journal has %+v", shard, e, w)
			}
		}
	}
}

func TestCopyGoesOnWhereItStopped(t *testing.T) {
	dir, d := t.TempDir(), memory.New(shards)
	if _, ok := open(t, t.TempDir()).Archived(0); ok {
		t.Error("an empty archive has copied something")
	}
	for round := range 3 {
		a := open(t, dir)
		write(t, d, 300)
		if got := copyAll(t, a, d); got != 8*301 {
			t.Errorf("round %d: copied %d entries, expected %d", round, got, 8*301)
		}
		if got := copyAll(t, a, d); got != 0 {
			t.Errorf("round %d: copied %d entries again", round, got)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		check(t, dir, d)
	}
	if cursor, ok := open(t, dir).Archived(0); !ok || cursor == "" {
		t.Error("an archive opened again does not know how far it is")
	}
}

func TestSegmentsAreBounded(t *testing.T) {
	dir, d := t.TempDir(), memory.New(1)
	write(t, d, 300)
	a := open(t, dir)
	c := copier{archive: a, next: position{Shards: 1, Cursors: map[int]string{}}, limit: 10_000}
	if err := errors.Join(c.shard(t.Context(), d, 0), c.seal()); err != nil {
		t.Fatal(err)
	}
	if numbers, err := segments(dir); err != nil || len(numbers) < 10 {
		t.Errorf("segments %v, %v", numbers, err)
	}
	check(t, dir, d)
}

// TestCrash leaves behind what a crash may, at each step of completing a segment.
func TestCrash(t *testing.T) {
	dir, d := t.TempDir(), memory.New(shards)
	write(t, d, 10)
	a := open(t, dir)
	copyAll(t, a, d)
	before, err := os.ReadFile(filepath.Join(dir, positionFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, d, 10)
	copyAll(t, a, d)
	_ = a.Close()
	// The second segment has its name, and the position was not replaced yet; a third one and a position were under way.
	for name, content := range map[string][]byte{
		positionFile: before,
		"segment-00000003.jsonl.zst" + unfinished: []byte("half"),
		positionFile + unfinished:                 []byte("{"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a = open(t, dir)
	if got := copyAll(t, a, d); got != 8*11 {
		t.Errorf("after the crash %d entries are copied, expected the %d of the second segment", got, 8*11)
	}
	check(t, dir, d)
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+unfinished)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestScrub(t *testing.T) {
	dir, d := t.TempDir(), memory.New(shards)
	a := open(t, dir)
	for range 3 {
		write(t, d, 20)
		copyAll(t, a, d)
	}
	inStore, err := d.Scrub(t.Context(), "customer-3", math.MaxUint64)
	if err != nil {
		t.Fatal(err)
	}
	removed, err := a.Scrub(t.Context(), "customer-3", math.MaxUint64)
	if err != nil || removed != inStore || removed != 3*21 {
		t.Errorf("scrubbed %d entries of %d, %v", removed, inStore, err)
	}
	check(t, dir, d)
	write(t, d, 5)
	copyAll(t, a, d)
	check(t, dir, d)
}

func TestFailedCopyIsDoneAgain(t *testing.T) {
	dir, d := t.TempDir(), memory.New(shards)
	write(t, d, 10)
	a := open(t, dir)
	if _, err := a.Copy(t.Context(), failing{d}); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "shard 2") {
		t.Errorf("copy of a broken journal: %v", err)
	}
	copyAll(t, a, d)
	check(t, dir, d)
}

var errBroken = errors.New("connection lost")

type failing struct{ store.Driver }

func (f failing) ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error) {
	if shard == 2 {
		return nil, errBroken
	}
	return f.Driver.ReadJournal(ctx, shard, after, limit)
}

func TestOpenRefuses(t *testing.T) {
	dir, d := t.TempDir(), memory.New(shards)
	write(t, d, 1)
	a := open(t, dir)
	copyAll(t, a, d)
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "open elsewhere") {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := a.Copy(t.Context(), memory.New(shards+1)); err == nil || !strings.Contains(err.Error(), "4 shards, not 5") {
		t.Errorf("copied another store: %v", err)
	}
	_ = a.Close()
	if _, err := a.Copy(t.Context(), d); !errors.Is(err, store.ErrClosed) {
		t.Errorf("copied to a closed archive: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, positionFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), positionFile) {
		t.Errorf("opened with a broken position: %v", err)
	}
}

func TestReadSaysWhichSegmentIsBroken(t *testing.T) {
	dir, d := t.TempDir(), memory.New(shards)
	write(t, d, 100)
	a := open(t, dir)
	copyAll(t, a, d)
	path := a.path(1)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range Read(dir) {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), filepath.Base(path)) {
		t.Errorf("a segment cut in half reads as %v", last)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("customer", []byte(`{"a":[1,2.50,"<&>"]}`))
	f.Add("顾客", []byte(`{"a": 1}`))
	f.Add("x", []byte("\x00\xff"))
	f.Add("x", []byte(nil))
	f.Fuzz(func(t *testing.T, customer string, data []byte) {
		want := Entry{Shard: 3, Entry: store.Entry{
			Cursor: "01", Customer: strings.ToValidUTF8(customer, "?"), Version: 1 << 60,
			Record: store.Record{Kind: store.RecordDecision, Data: data},
		}}
		path := filepath.Join(t.TempDir(), "segment")
		w, err := createSegment(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.write(want), w.finish()); err != nil {
			t.Fatal(err)
		}
		for got, err := range readSegment(path) {
			if err != nil || !bytes.Equal(got.Data, data) || got.Customer != want.Customer || got.Version != want.Version {
				t.Errorf("%+v comes back as %+v, %v", want, got, err)
			}
		}
	})
}

func FuzzReadLines(f *testing.F) {
	f.Add([]byte(`{"shard":1,"cursor":"01","customer":"c","version":2,"kind":1,"data":{"a":1}}` + "\n"))
	f.Add([]byte("[]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		failed := false
		for _, err := range readLines(bytes.NewReader(b)) {
			if failed {
				t.Fatal("reading goes on after an error")
			}
			failed = err != nil
		}
	})
}
