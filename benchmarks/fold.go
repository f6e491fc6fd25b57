package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"github.com/halfstep-ml/halfstep/benchmarks/report"
	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

const (
	passes      = 3     // the middle one counts
	foldedChunk = 2_000 // customers whose events are in memory at a time
	readChunk   = 256   // states that are in memory at a time
)

// fold measures folding the whole history on one core, customer after customer. Decoding the rows is not in it.
func (b *bench) fold(ctx context.Context) ([]report.Row, error) {
	if _, err := b.profiles(ctx); err != nil { // checks the folding
		return nil, err
	}
	defer oneCore()()
	var seconds, allocs []float64
	events := 0
	for range passes {
		w, n, err := b.foldAll(ctx)
		if err != nil {
			return nil, err
		}
		seconds, allocs, events = append(seconds, w.total.Seconds()), append(allocs, float64(w.allocs)/float64(n)), n
	}
	return []report.Row{{
		Name: "fold", What: "fold one event (GA4, default features, one core)", Unit: "/s",
		Measured: float64(events) / median(seconds), Must: 500_000, Aim: 1_500_000,
		Details: map[string]float64{"events": float64(events), "ns_an_event": median(seconds) / float64(events) * 1e9, "allocations_an_event": median(allocs)},
	}}, nil
}

func (b *bench) foldAll(ctx context.Context) (w stopwatch, events int, err error) {
	d, s := b.history.Decoder(0), b.set.NewState()
	var decoded []event.Event
	var ends []int
	for chunk := range slices.Chunk(b.history.Customers, foldedChunk) {
		if ctx.Err() != nil {
			return w, 0, ctx.Err()
		}
		decoded, ends = decoded[:0], ends[:0]
		for i := range chunk {
			if decoded, err = d.Events(&chunk[i], decoded); err != nil {
				return w, 0, err
			}
			ends = append(ends, len(decoded))
		}
		runtime.GC()
		folded := int64(0)
		w.start()
		first := 0
		for _, end := range ends {
			s.Reset()
			for i := first; i < end; i++ {
				b.set.Fold(s, &decoded[i])
			}
			first = end
			folded += s.Events()
		}
		w.stop()
		if folded != int64(len(decoded)) {
			return w, 0, fmt.Errorf("%d events were folded, expected %d", folded, len(decoded))
		}
		events += len(decoded)
		d.Reset()
	}
	return w, events, nil
}

// read measures reading a vector, of every customer in turn, some time after their last event.
func (b *bench) read(ctx context.Context) ([]report.Row, error) {
	encoded, err := b.profiles(ctx)
	if err != nil {
		return nil, err
	}
	defer oneCore()()
	states := make([]*features.State, readChunk)
	for i := range states {
		states[i] = b.set.NewState()
	}
	var micros, allocs []float64
	for range passes {
		w, err := b.readAll(ctx, encoded, states)
		if err != nil {
			return nil, err
		}
		micros = append(micros, w.total.Seconds()*1e6/float64(len(encoded)))
		allocs = append(allocs, float64(w.allocs)/float64(len(encoded)))
	}
	busiest := slices.SortedFunc(slices.Values(encoded), func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })[:len(encoded)/100]
	w, err := b.readAll(ctx, busiest, states)
	if err != nil {
		return nil, err
	}
	return []report.Row{{
		Name: "read", What: fmt.Sprintf("read the default vector (%d features)", b.set.Len()), Unit: "us", Measured: median(micros), Must: 5, Aim: 2,
		Details: map[string]float64{"of_the_busiest_1%_us": w.total.Seconds() * 1e6 / float64(len(busiest))},
		More:    []report.Row{{Name: "read_allocations", What: "allocations", Measured: float64(int(median(allocs) + 0.5)), Must: 2, Aim: 0}},
	}}, nil
}

func (b *bench) readAll(ctx context.Context, encoded [][]byte, states []*features.State) (w stopwatch, err error) {
	runtime.GC()
	vector := make([]float32, b.set.Len())
	moment := features.Moment{Channel: "web", Page: "/basket.html"}
	for chunk := range slices.Chunk(encoded, len(states)) {
		if ctx.Err() != nil {
			return w, ctx.Err()
		}
		for i, data := range chunk {
			if err := b.set.Decode(data, states[i]); err != nil {
				return w, err
			}
		}
		w.start()
		for i, s := range states[:len(chunk)] {
			now := s.LastAt() + int64(i)*97_000 // up to some hours
			if err = b.set.Read(s, now, &moment, vector); err != nil {
				break
			}
		}
		w.stop()
		if err != nil {
			return w, err
		}
	}
	return w, nil
}

// state measures how many bytes a customer takes in a store.
func (b *bench) state(ctx context.Context) ([]report.Row, error) {
	encoded, err := b.profiles(ctx)
	if err != nil {
		return nil, err
	}
	sizes, sum := make([]int, len(encoded)), 0
	for i, data := range encoded {
		sizes[i] = len(data)
		sum += len(data)
	}
	slices.Sort(sizes)
	at := func(q float64) float64 { return float64(sizes[int(q*float64(len(sizes)-1))]) }
	return []report.Row{{
		Name: "state", What: "mean state (GA4 customers)", Unit: "B", Measured: float64(sum) / float64(len(sizes)), Must: 900, Aim: 450,
		More:    []report.Row{{Name: "state_p99", What: "99th percentile", Unit: "B", Measured: at(0.99)}},
		Details: map[string]float64{"customers": float64(len(sizes)), "p50": at(0.5), "p90": at(0.9), "largest": at(1)},
	}}, nil
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
