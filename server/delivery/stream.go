package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/halfstep-ml/halfstep/server/metrics"
)

const (
	// streamBuffer is how many messages a client may be behind before it is dropped.
	streamBuffer = 256
	// maxStreams is how many clients one server has.
	maxStreams = 512
)

// The reasons for which a stream ends.
const (
	EndedSlow     = "slow"     // the client did not keep up
	EndedStopping = "stopping" // the server is stopping
)

// Errors of Subscribe.
var (
	ErrTooManyStreams = errors.New("there are as many streams as one server has")
	ErrStopping       = errors.New("the server is stopping")
)

// Filter says which actions a client wants; what is empty leaves them all.
type Filter struct{ Channel, Customer string }

func (f Filter) match(one *Issued) bool {
	return (f.Channel == "" || f.Channel == one.Channel) && (f.Customer == "" || f.Customer == one.Customer)
}

// Message is an action on its way to a client.
type Message struct {
	// At is the time to resume from after it.
	At   time.Time
	Data []byte
}

// Stream is one client's share of what is issued. Close must be called.
type Stream struct {
	// Missed is what was issued since the time that the client resumes from, the oldest first.
	Missed []Message
	// Gap is the time from which that is complete, when it is later than what was asked for; zero otherwise.
	Gap time.Time

	hub      *hub
	filter   Filter
	messages chan Message
	ended    chan struct{}
	reason   string // set before ended is closed
}

// Messages are the actions that are issued while the stream is open.
func (s *Stream) Messages() <-chan Message { return s.messages }

// Ended is closed when the server ends the stream.
func (s *Stream) Ended() <-chan struct{} { return s.ended }

// Reason is why the stream ended, once it has.
func (s *Stream) Reason() string { return s.reason }

// Position is the time to resume from when all Messages were received.
func (s *Stream) Position() time.Time { return s.hub.tail.position() }

// Close gives the stream up.
func (s *Stream) Close() {
	s.hub.remove(s)
	s.hub.tail.leave()
}

// hub hands what the tail reads to the streams. It never waits for any of them.
type hub struct {
	tail    *tail
	metrics *metrics.Delivery

	mu      sync.Mutex
	streams map[*Stream]struct{}
	closed  bool
}

// subscribe opens a stream of what is issued from now on.
func (h *hub) subscribe(ctx context.Context, filter Filter) (*Stream, error) {
	s := &Stream{hub: h, filter: filter, messages: make(chan Message, streamBuffer), ended: make(chan struct{})}
	if err := h.add(s); err != nil {
		return nil, err
	}
	if err := h.tail.join(ctx); err != nil {
		h.remove(s)
		return nil, err
	}
	return s, nil
}

func (h *hub) add(s *Stream) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return ErrStopping
	case len(h.streams) >= maxStreams:
		return ErrTooManyStreams
	}
	h.streams[s] = struct{}{}
	h.metrics.Streams.Set(float64(len(h.streams)))
	return nil
}

func (h *hub) remove(s *Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, s)
	h.metrics.Streams.Set(float64(len(h.streams)))
}

// publish gives a batch to all who want of it, and ends the streams of those who do not keep up.
func (h *hub) publish(b batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range b.issued {
		for s := range h.streams {
			if s.filter.match(&b.issued[i]) {
				h.give(s, Message{At: h.tail.position(), Data: b.issued[i].Message})
			}
		}
	}
}

func (h *hub) give(s *Stream, m Message) {
	select {
	case s.messages <- m:
		h.metrics.Streamed.Inc()
	default:
		h.end(s, EndedSlow)
	}
}

// end is called with the lock held.
func (h *hub) end(s *Stream, reason string) {
	delete(h.streams, s)
	h.metrics.Streams.Set(float64(len(h.streams)))
	h.metrics.StreamEnded(reason)
	s.reason = reason
	close(s.ended)
}

// close ends all streams and refuses new ones.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.streams {
		h.end(s, EndedStopping)
	}
}
