package live

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

// errLate says that the store did not answer in time. Its command goes on.
var errLate = errors.New("the store did not answer in time")

// errLost says that too many commands of the store are late to start another.
var errLost = errors.New("the store has too many late commands")

// errUntried is the outcome of a change that the store never came to.
var errUntried = errors.New("not tried")

// fetch is a load. It runs beside whoever asked, so that a deadline can be kept without cancelling the command: a cancelled command
// costs its connection, and then the next one is late too.
type fetch struct {
	ids  []string
	out  []store.Snapshot
	err  error
	done chan struct{}
	wait *time.Timer
}

func newFetch() *fetch {
	f := &fetch{done: make(chan struct{}, 1), wait: time.NewTimer(time.Hour)}
	f.wait.Stop()
	return f
}

// load fetches the customers and waits for at most patience. The snapshots are f's; give it back with e.done, unless there was an error.
func (e *Engine) load(ids []string, patience time.Duration) (*fetch, error) {
	select {
	case e.late <- struct{}{}:
	default:
		return nil, errLost
	}
	start := time.Now()
	f := e.fetches.Get().(*fetch)
	f.ids = append(f.ids[:0], ids...)
	f.out = slices.Grow(f.out[:0], len(ids))[:len(ids)]
	clear(f.out)
	select {
	case e.loads <- f:
	default:
		e.work.Go(func() { e.loader(f) })
	}
	f.wait.Reset(patience)
	select {
	case <-f.done:
	case <-f.wait.C:
		return nil, errLate
	}
	f.wait.Stop()
	e.metrics.Load.Observe(time.Since(start).Seconds())
	if err := f.err; err != nil {
		e.done(f)
		return nil, err
	}
	return f, nil
}

// loaderIdle is how long a loader waits for another fetch.
const loaderIdle = time.Second

// loader does a fetch, and then others for as long as there are any: a new goroutine for each would spend much of its life growing its
// stack.
func (e *Engine) loader(f *fetch) {
	idle := time.NewTimer(loaderIdle)
	defer idle.Stop()
	for {
		f.err = e.store.Driver.Load(context.Background(), f.ids, f.out)
		<-e.late
		f.done <- struct{}{}
		idle.Reset(loaderIdle)
		select {
		case f = <-e.loads:
		case <-idle.C:
			return
		case <-e.stopped:
			return
		}
	}
}

// done gives a fetch back whose command is over. A late one is left to the garbage collector.
func (e *Engine) done(f *fetch) {
	clear(f.out)
	e.fetches.Put(f)
}

// commit applies the changes, and says whether it is over: if not, the store may still be reading their bytes. An outcome is nil,
// ErrConflict, or why it is not known whether the change was applied.
func (e *Engine) commit(ctx context.Context, changes []store.Change, outcomes []error) (over bool) {
	if len(changes) == 0 {
		return true
	}
	for i := range outcomes {
		outcomes[i] = errUntried
	}
	start := time.Now()
	err := e.store.Commit(ctx, changes, outcomes)
	e.metrics.Commit.Observe(time.Since(start).Seconds())
	for i := range outcomes {
		if outcomes[i] == errUntried {
			outcomes[i] = err
		}
		if errors.Is(outcomes[i], store.ErrConflict) {
			e.metrics.Conflicts.Inc()
		}
	}
	return err == nil
}

// beside runs f, which asks the store for something rare, beside the caller, who waits until the deadline. f goes on if it is late.
func beside[T any](e *Engine, deadline time.Time, f func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	select {
	case e.late <- struct{}{}:
	default:
		return none, errLost
	}
	done := make(chan result, 1)
	e.work.Go(func() {
		value, err := f(context.Background())
		<-e.late
		done <- result{value, err}
	})
	wait := time.NewTimer(time.Until(deadline))
	defer wait.Stop()
	select {
	case r := <-done:
		return r.value, r.err
	case <-wait.C:
		return none, errLate
	}
}
