package delivery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	lanePage = 256
	// window is how many messages are under way to one webhook, divided among the shards, and laneWindow the least that each of them
	// has: a message that is not accepted holds up those behind it only when so many wait.
	window     = 1024
	laneWindow = 64
)

// lane brings one shard's actions to one webhook.
type lane struct {
	shard   int
	webhook *webhook
	journal journal
	dead    *deadLetters
	pause   time.Duration // before the journal or the dead letters are tried again

	wake   chan struct{}
	window chan struct{} // a place for each message under way

	mu      sync.Mutex
	read    string // the cursor up to which the journal was read
	resting bool   // nothing is left to read, as far as is known
	pending []*sending

	settledSome atomic.Bool // since the keeper looked
}

// sending is a message under way, or one that is settled and stands behind another that is not.
type sending struct {
	before  string // the cursor to go on from as long as it is not settled
	settled bool
}

func newLane(shard int, from string, w *webhook, j journal, dead *deadLetters, pause time.Duration) *lane {
	return &lane{
		shard: shard, webhook: w, journal: j, dead: dead, pause: pause, read: from,
		wake: make(chan struct{}, 1), window: make(chan struct{}, max(laneWindow, window/j.Shards())),
	}
}

// run reads and sends until ctx is done, and returns when no request is under way.
func (l *lane) run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	for ctx.Err() == nil {
		entries, err := l.journal.ReadJournal(ctx, l.shard, l.at(), lanePage)
		if err != nil { // the tail reads the same journal and says so
			wait(ctx, l.pause)
			continue
		}
		for i := range entries {
			// What cannot be read is said by the tail, too.
			issued, _ := issuedOf(&entries[i])
			for k := range issued {
				if l.webhook.wants(&issued[k]) && !l.begin(ctx, &under, &issued[k]) {
					return
				}
			}
			l.advance(entries[i].Cursor)
		}
		if len(entries) < lanePage {
			l.rest(ctx)
		}
	}
}

// begin sends a message beside the others. It waits for a place and returns false when ctx is done before there is one.
func (l *lane) begin(ctx context.Context, under *sync.WaitGroup, one *Issued) bool {
	select {
	case l.window <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	l.mu.Lock()
	s := &sending{before: l.read}
	l.pending = append(l.pending, s)
	l.mu.Unlock()
	under.Go(func() {
		defer func() { <-l.window }()
		if l.send(ctx, one) {
			l.settle(s)
		}
	})
	return true
}

// send delivers a message or makes a dead letter of it; false when ctx was done before either.
func (l *lane) send(ctx context.Context, one *Issued) bool {
	attempts, err := l.webhook.deliver(ctx, one)
	if err == nil {
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	l.webhook.metrics.Dead.Inc()
	l.webhook.log.Warn("a webhook would not take an action", "action_id", one.ID, "attempts", attempts, "error", err)
	letter := kept{Owner: one.owner, Version: one.version, DeadLetter: DeadLetter{
		Webhook: l.webhook.Name, At: l.webhook.now().UTC(), Attempts: attempts, Error: err.Error(), Message: one.Message,
	}}
	for {
		err := l.dead.add(ctx, letter)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		l.webhook.log.Warn("a dead letter cannot be kept", "action_id", one.ID, "error", err, "again_in", l.pause)
		wait(ctx, l.pause)
	}
}

// settle is called when a message was accepted or given up.
func (l *lane) settle(s *sending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.settled = true
	n := 0
	for n < len(l.pending) && l.pending[n].settled {
		n++
	}
	l.pending = append(l.pending[:0], l.pending[n:]...)
	l.settledSome.Store(true)
}

// cursor is where to go on from when the lane ends now: behind it everything is settled.
func (l *lane) cursor() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) > 0 {
		return l.pending[0].before
	}
	return l.read
}

func (l *lane) at() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.read
}

func (l *lane) advance(to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read = to
}

// rest waits until there is something to read.
func (l *lane) rest(ctx context.Context) {
	l.setResting(true)
	defer l.setResting(false)
	select {
	case <-l.wake:
	case <-ctx.Done():
	}
}

func (l *lane) setResting(resting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resting = resting
}

// note takes in what the tail read. A lane at rest passes over a page without actions; for anything else it reads for itself.
func (l *lane) note(b batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resting && len(b.issued) == 0 && b.after <= l.read {
		l.read = max(l.read, b.upTo)
		return
	}
	if b.upTo <= l.read {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default: // it is about to read anyway
	}
}

// wait returns after a while, or when ctx is done.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
