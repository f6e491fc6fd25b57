// Package load sends requests to a server and times the answers.
//
// In an open loop requests are due at instants that were fixed beforehand, whatever the server does, and an answer's time counts from
// the instant its request was due: time that a request spends waiting for a free connection counts as well, so a server that stalls
// cannot hide the requests that it kept from being sent.
package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Plan says what to send. Requests are whole HTTP/1.1 requests as they go over the wire, and are sent in turn.
type Plan struct {
	Addr        string
	Connections int
	Requests    [][]byte
	// Rate is how many requests are due a second, at random instants (a Poisson process); 0 is a closed loop, in which every
	// connection sends the next request as soon as it has an answer.
	Rate float64
	// Duration is how long requests are sent. In a closed loop 0 sends every request once.
	Duration time.Duration
	Seed     uint64
	// Check looks at an answer; its error ends the run. The body is valid until it returns.
	Check func(request, status int, body []byte) error
}

// Result is what came of a plan.
type Result struct {
	Requests int           // answered
	Took     time.Duration // from the first request to the last answer
	Latency  Times         // from the instant due in an open loop, from sending in a closed one
	Late     Times         // how much later than due a request was noticed: what the generator itself adds
}

// Rate is how many requests were answered a second.
func (r *Result) Rate() float64 { return float64(r.Requests) / r.Took.Seconds() }

// run is a plan being carried out.
type run struct {
	*Plan
	start time.Time
	due   chan arrival

	late []time.Duration // of the requests that were handed out

	mu      sync.Mutex
	latency []time.Duration
}

// arrival is a request that is due.
type arrival struct {
	request int
	at      time.Duration // since the start
}

// Run carries the plan out.
func (p *Plan) Run(ctx context.Context) (*Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{Plan: p}
	connections := make([]*connection, p.Connections)
	for i := range connections {
		c, err := dial(ctx, p.Addr)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		connections[i] = c
	}
	var work sync.WaitGroup
	r.start = time.Now()
	if p.Rate > 0 {
		schedule := p.schedule()
		r.due = make(chan arrival, len(schedule)) // so that nothing ever holds the schedule up
		work.Go(func() { r.follow(ctx, schedule) })
	} else {
		r.due = make(chan arrival)
		work.Go(func() { r.feed(ctx) })
	}
	for _, c := range connections {
		work.Go(func() {
			if err := r.serve(ctx, c); err != nil {
				cancel(err)
			}
		})
	}
	work.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("send requests to %s: %w", p.Addr, err)
	}
	return &Result{Requests: len(r.latency), Took: time.Since(r.start), Latency: timesOf(r.latency), Late: timesOf(r.late)}, nil
}

// schedule is when requests are due: the same for every run with this rate, duration and seed.
func (p *Plan) schedule() []arrival {
	random := rand.New(rand.NewPCG(p.Seed, 0))
	first := random.IntN(len(p.Requests))
	var due []arrival
	for at := 0.0; ; {
		at += random.ExpFloat64() / p.Rate
		if at > p.Duration.Seconds() {
			return due
		}
		due = append(due, arrival{request: (first + len(due)) % len(p.Requests), at: time.Duration(at * float64(time.Second))})
	}
}

// follow hands out requests when they are due.
func (r *run) follow(ctx context.Context, schedule []arrival) {
	defer close(r.due)
	release := pinForSleeping()
	defer release()
	for _, a := range schedule {
		sleepUntil(r.start.Add(a.at))
		if ctx.Err() != nil {
			return
		}
		r.late = append(r.late, time.Since(r.start.Add(a.at)))
		r.due <- a
	}
}

// feed hands out requests as they are asked for.
func (r *run) feed(ctx context.Context) {
	defer close(r.due)
	for i := 0; ; i++ {
		over := time.Since(r.start) > r.Duration
		if r.Duration == 0 {
			over = i == len(r.Requests)
		}
		if over {
			return
		}
		select {
		case r.due <- arrival{request: i % len(r.Requests)}:
		case <-ctx.Done():
			return
		}
	}
}

// serve sends what is due over one connection.
func (r *run) serve(ctx context.Context, c *connection) error {
	var latency []time.Duration
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.latency = append(r.latency, latency...)
	}()
	for a := range r.due {
		if ctx.Err() != nil {
			return nil
		}
		due := time.Now()
		if r.Rate > 0 {
			due = r.start.Add(a.at)
		}
		status, body, err := c.exchange(r.Requests[a.request])
		if err != nil {
			return err
		}
		latency = append(latency, time.Since(due))
		if r.Check == nil {
			err = onlyOK(status, body)
		} else {
			err = r.Check(a.request, status, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func onlyOK(status int, body []byte) error {
	if status != 200 {
		return errors.New(Describe(status, body))
	}
	return nil
}

// Describe shows an answer in an error.
func Describe(status int, body []byte) string {
	return fmt.Sprintf("answered %d: %.300s", status, body)
}
