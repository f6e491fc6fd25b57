package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
)

// gated is a driver whose commits wait at a gate, and may fail.
type gated struct {
	*memory.Driver
	gate chan struct{} // nil: open
	fail func(shard int) error
}

func (g *gated) Commit(ctx context.Context, shard int, changes []store.Change, outcomes []error) error {
	if g.gate != nil {
		<-g.gate
	}
	if g.fail != nil {
		if err := g.fail(shard); err != nil {
			return err
		}
	}
	return g.Driver.Commit(ctx, shard, changes, outcomes)
}

// flushes collects what OnFlush reports.
type flushes struct {
	mu  sync.Mutex
	all []store.Flush
}

func (f *flushes) add(one store.Flush) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, one)
}

func (f *flushes) sizes() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []int
	for _, one := range f.all {
		out = append(out, one.Changes)
	}
	return fmt.Sprint(out)
}

func change(id string, expect uint64) store.Change {
	return store.Change{ID: id, Expect: expect, State: []byte("state of " + id)}
}

func TestWaitingCommitsTravelTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := &gated{Driver: memory.New(1), gate: make(chan struct{})}
		var seen flushes
		s := store.New(driver, store.OnFlush(seen.add))
		for i := range 20 {
			go func() {
				outcomes := make([]error, 1)
				if err := s.Commit(t.Context(), []store.Change{change(fmt.Sprint(i%10), 0)}, outcomes); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait() // the first is at the gate, the others behind it
		}
		close(driver.gate)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if got := seen.sizes(); got != "[1 19]" {
			t.Errorf("flushes of %s changes, expected the first alone and the rest together", got)
		}
		if got := seen.all[1].Conflicts; got != 10 {
			t.Errorf("%d conflicts reported of ten customers changed twice, expected 10", got)
		}
	})
}

func TestFlushesAreBounded(t *testing.T) {
	commit := func(changes []store.Change) string {
		var seen flushes
		s := store.New(memory.New(1), store.OnFlush(seen.add))
		outcomes := make([]error, len(changes))
		if err := s.Commit(t.Context(), changes, outcomes); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(outcomes...); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return seen.sizes()
	}
	var many []store.Change
	for i := range 1200 {
		many = append(many, change(fmt.Sprint(i), 0))
	}
	if got := commit(many); got != "[512 512 176]" {
		t.Errorf("1200 changes were flushed as %s", got)
	}
	var heavy []store.Change
	for i := range 5 {
		c := change(fmt.Sprint(i), 0)
		c.State = make([]byte, 1_500_000)
		heavy = append(heavy, c)
	}
	if got := commit(heavy); got != "[2 2 1]" {
		t.Errorf("changes of 1.5 MB were flushed as %s, expected no more than 4 MB together", got)
	}
}

func TestOneCustomerTwice(t *testing.T) {
	s := store.New(memory.New(4))
	outcomes := make([]error, 3)
	err := s.Commit(t.Context(), []store.Change{change("a", 0), change("a", 0), change("a", 1)}, outcomes)
	if err != nil || outcomes[0] != nil || !errors.Is(outcomes[1], store.ErrConflict) || outcomes[2] != nil {
		t.Errorf("outcomes %v, %v", outcomes, err)
	}
}

func TestGivingUpLeavesTheCommitUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := &gated{Driver: memory.New(1), gate: make(chan struct{})}
		s := store.New(driver)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		outcomes := make([]error, 1)
		err := s.Commit(ctx, []store.Change{change("a", 0)}, outcomes)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(outcomes[0], context.DeadlineExceeded) {
			t.Errorf("gave up with %v, outcome %v", err, outcomes[0])
		}
		close(driver.gate)
		synctest.Wait()
		if got, err := s.Load(t.Context(), []string{"a"}); err != nil || got[0].Version != 1 {
			t.Errorf("after the flush the store has %+v, %v", got, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFailedShardFailsItsChangesOnly(t *testing.T) {
	broken := errors.New("no disk")
	driver := &gated{Driver: memory.New(8)}
	driver.fail = func(shard int) error {
		if shard == store.ShardOf("a", 8) {
			return broken
		}
		return nil
	}
	s := store.New(driver)
	var changes []store.Change
	for i := range 100 {
		changes = append(changes, change(fmt.Sprint("customer ", i), 0))
	}
	changes = append(changes, change("a", 0))
	outcomes := make([]error, len(changes))
	if err := s.Commit(t.Context(), changes, outcomes); !errors.Is(err, broken) {
		t.Errorf("commit says %v", err)
	}
	for i, c := range changes {
		if lost := store.ShardOf(c.ID, 8) == store.ShardOf("a", 8); errors.Is(outcomes[i], broken) != lost || !lost && outcomes[i] != nil {
			t.Errorf("%s: outcome %v, in the broken shard: %v", c.ID, outcomes[i], lost)
		}
	}
}

func TestCloseWaitsForCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := &gated{Driver: memory.New(1), gate: make(chan struct{})}
		s := store.New(driver)
		outcomes := make([]error, 1)
		go func() {
			if err := s.Commit(t.Context(), []store.Change{change("a", 0)}, outcomes); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("closed under a commit")
		default:
		}
		if err := s.Commit(t.Context(), []store.Change{change("b", 0)}, make([]error, 1)); !errors.Is(err, store.ErrClosed) {
			t.Errorf("commit to a closing store: %v", err)
		}
		close(driver.gate)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
}

func TestCommitRefusesWhatCannotBeStored(t *testing.T) {
	s := store.New(memory.New(1))
	for want, c := range map[string]store.Change{
		"id is empty":             {State: []byte("s")},
		"state is nil":            {ID: "a"},
		"erasure carries a state": {ID: "a", State: []byte("s"), Erase: true},
		"erasure carries":         {ID: "a", Erase: true, Records: []store.Record{{Kind: store.RecordEvent}}},
		"timer's name is empty":   {ID: "a", State: []byte("s"), Timers: []store.TimerChange{{}}},
	} {
		err := s.Commit(t.Context(), []store.Change{change("fine", 0), c}, make([]error, 2))
		if err == nil || !strings.Contains(err.Error(), "changes[1]") || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, expected %q", c, err, want)
		}
	}
	if got, err := s.Load(t.Context(), []string{"fine"}); err != nil || got[0].Version != 0 {
		t.Errorf("the change beside a refused one was applied: %+v, %v", got, err)
	}
	if err := s.Commit(t.Context(), []store.Change{change("a", 0)}, nil); err == nil {
		t.Error("accepted fewer outcomes than changes")
	}
}
