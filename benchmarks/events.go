package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/halfstep-ml/halfstep/benchmarks/ga4"
	"github.com/halfstep-ml/halfstep/benchmarks/load"
	"github.com/halfstep-ml/halfstep/benchmarks/process"
	"github.com/halfstep-ml/halfstep/benchmarks/report"
	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

const (
	batchSize        = 100
	sentBatches      = 3_000 // the end of the history
	warmBatches      = 300   // of them, not measured
	eventConnections = 8
	checkedCustomers = 500
)

// ingestion sends the end of the history to a halfstep that knows its beginning.
type ingestion struct {
	*bench
	history *ga4.History
	shift   int64
	batches [][]byte // requests
	sizes   []int    // events in each
}

// events measures POST /events.
func (b *bench) events(ctx context.Context) (_ []report.Row, err error) {
	in := &ingestion{bench: b}
	if in.history, err = b.shop(ctx); err != nil {
		return nil, err
	}
	in.shift = in.history.ShiftTo(time.Now())
	last := in.history.Last(sentBatches * batchSize)
	known, err := b.foldBefore(ctx, in.history.Decoder(in.shift), in.history.Customers, last.Seq)
	if err != nil {
		return nil, err
	}
	if err := in.encode(&last); err != nil {
		return nil, err
	}
	db, err := process.Redis(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Stop()) }()
	if err := seed(ctx, process.RedisURL(db), known); err != nil {
		return nil, err
	}
	program, err := b.halfstepProgram(ctx)
	if err != nil {
		return nil, err
	}
	halfstep, err := process.Halfstep(ctx, program, process.RedisURL(db), "--bundles", b.bundles)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, halfstep.Stop()) }()
	row, err := in.measure(ctx, halfstep)
	if err != nil {
		return nil, err
	}
	return []report.Row{row}, in.verify(ctx, process.RedisURL(db))
}

// encode makes the requests.
func (in *ingestion) encode(last *ga4.Last) error {
	d := in.history.Decoder(in.shift)
	var events []event.Event
	var body []byte
	for {
		var err error
		if events, err = d.Next(last, batchSize, events[:0]); err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		body = append(body[:0], '[')
		for i := range events {
			events[i].ReceivedAt = 0 // the server's to say
			if i > 0 {
				body = append(body, ',')
			}
			body = events[i].AppendJSON(body)
		}
		in.batches = append(in.batches, load.Post("/events", append(body, ']')))
		in.sizes = append(in.sizes, len(events))
		d.Reset()
	}
}

// measure sends every batch once and checks that every event of it was new.
func (in *ingestion) measure(ctx context.Context, halfstep *process.Process) (report.Row, error) {
	send := func(from, to int) (int, *load.Result, error) {
		sizes, events := in.sizes[from:to], 0
		for _, n := range sizes {
			events += n
		}
		plan := load.Plan{Addr: halfstep.Addr, Connections: eventConnections, Requests: in.batches[from:to], Check: func(i, status int, body []byte) error {
			var done struct{ Accepted, Duplicates int }
			if err := json.Unmarshal(body, &done); status != 200 || err != nil || done.Accepted != sizes[i] {
				return fmt.Errorf("a batch of %d events was %s", sizes[i], load.Describe(status, body))
			}
			return nil
		}}
		r, err := plan.Run(ctx)
		return events, r, err
	}
	if _, _, err := send(0, warmBatches); err != nil {
		return report.Row{}, err
	}
	before, err := halfstep.CPU()
	if err != nil {
		return report.Row{}, err
	}
	events, result, err := send(warmBatches, len(in.batches))
	if err != nil {
		return report.Row{}, err
	}
	after, err := halfstep.CPU()
	if err != nil {
		return report.Row{}, err
	}
	return report.Row{
		Name: "events_cpu", What: fmt.Sprintf("processor time an event, POST /events by %d, redis", batchSize), Unit: "us",
		Measured: float64((after - before).Microseconds()) / float64(events), Must: 30, Aim: 15,
		Details: map[string]float64{
			"events": float64(events), "events_per_s": float64(events) / result.Took.Seconds(), "batch_p50_us": float64(result.Latency.P50.Microseconds()),
			"batch_p99_us": float64(result.Latency.P99.Microseconds()),
		},
	}, nil
}

// verify compares what some customers became with a fold of their whole history. Batches overtake each other, so only what does not
// depend on their order can be compared.
func (in *ingestion) verify(ctx context.Context, url string) (err error) {
	s, err := openStore(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	all := in.history.Customers
	expected, err := in.foldBefore(ctx, in.history.Decoder(in.shift), everyNth(all[len(all)-len(all)/8:], checkedCustomers), everything)
	if err != nil {
		return err
	}
	ids := make([]string, len(expected))
	for i := range expected {
		ids[i] = expected[i].id
	}
	stored, err := s.Load(ctx, ids)
	if err != nil {
		return err
	}
	now := time.Now().UnixMilli()
	for i := range expected {
		want, err := in.vector(expected[i].state, now)
		if err != nil {
			return err
		}
		got, err := in.vector(stored[i].State, now)
		if err != nil {
			return err
		}
		for k, f := range in.set.Features() {
			if f.OrderFree && math.Float32bits(got[k]) != math.Float32bits(want[k]) {
				return fmt.Errorf("customer %s: %s is %v, expected %v", ids[i], f.Name, got[k], want[k])
			}
		}
	}
	return nil
}

func (in *ingestion) vector(state []byte, now int64) ([]float32, error) {
	s := in.set.NewState()
	if err := in.set.Decode(state, s); err != nil {
		return nil, err
	}
	vector := make([]float32, in.set.Len())
	return vector, in.set.Read(s, now, &features.Moment{}, vector)
}
