package replay

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/label"
	"github.com/halfstep-ml/halfstep/features/source"
)

// Input is a history that can be read once.
type Input interface {
	// Scan hands out the rows in order of arrival; a row is valid until yield returns.
	Scan(ctx context.Context, yield func(source.Row) error) error
	// NewDecoder returns a decoder of these rows, for one goroutine.
	NewDecoder() Decoder
}

// Decoder turns the rows of an input into events.
type Decoder interface {
	// Decode appends the events of a row. They hold no part of it, and are valid until Reset.
	Decode(raw []byte, dst []event.Event) ([]event.Event, error)
	// Reset declares that no event decoded so far is used any more.
	Reset()
}

// Options say how to run; the zero value is ready to use.
type Options struct {
	Workers int    // goroutines that fold; 0: one a processor
	Memory  int64  // bytes of raw rows and of results to keep in memory, each; 0: 512 MiB
	TempDir string // where to keep what does not fit; "": the system's
	// Progress is told how many of the customers' buckets are done. It is called by one goroutine at a time.
	Progress func(done, total int)
}

const defaultMemory = 512 << 20

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	return o
}

// Row is what is known of a customer at a label point. Its slices are valid until the sink returns.
type Row struct {
	Customer string
	At       int64   // Unix milliseconds
	Label    float32 // 1 or 0; NaN when nothing is asked
	Draw     int32
	Keys     []string
	Vector   []float32 // as long as the FeatureSet
}

// Counts are what came of a replay.
type Counts struct {
	Events     int64 // decoded
	Duplicates int64 // of them, not folded because they had been before
	Customers  int64 // that have an event
	Points     int64 // that were handed out
	Dropped    int64 // points whose horizon runs past the end of the data
	Positives  int64 // points handed out with label 1
	Labelled   int64 // customers with a point that was handed out
	From       int64 // time of the first event, Unix milliseconds; 0 when there is none
	Until      int64 // time of the last: the end of the data
}

// Run replays the input and hands every labelled point to sink, in a fixed order, from one goroutine. What sink returns ends the run.
func Run(ctx context.Context, in Input, fs *features.FeatureSet, labels *label.Definition, o Options, sink func(*Row) error) (counts Counts, err error) {
	o = o.withDefaults()
	rows, err := sortRows(ctx, in, o)
	if err != nil {
		return Counts{}, err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	results := newSpool(bucketCount, o.Memory, o.TempDir)
	defer func() { err = errors.Join(err, results.close()) }()

	pool := &pool{in: in, rows: rows, options: o}
	counts, err = pool.run(ctx, func() visitor {
		return &reader{folder: folder{fs: fs, state: fs.NewState()}, finder: labels.NewFinder(), results: results, vector: make([]float32, fs.Len())}
	})
	if err != nil {
		return counts, err
	}
	return counts, handOut(ctx, results, fs.Len(), len(labels.Keys), &counts, sink)
}

// Profiles replays the input and hands the state of every customer, with all their events folded, to yield: one at a time, in no order
// that could be relied on. The state is valid until yield returns. What yield returns ends the run.
func Profiles(ctx context.Context, in Input, fs *features.FeatureSet, o Options, yield func(customer string, s *features.State) error) (counts Counts, err error) {
	o = o.withDefaults()
	rows, err := sortRows(ctx, in, o)
	if err != nil {
		return Counts{}, err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	pool := &pool{in: in, rows: rows, options: o}
	return pool.run(ctx, func() visitor {
		return &profiler{folder: folder{fs: fs, state: fs.NewState()}, turn: &pool.mu, yield: yield}
	})
}

// handOut gives the results to the sink, bucket by bucket.
func handOut(ctx context.Context, results *spool, width, keys int, counts *Counts, sink func(*Row) error) error {
	row := Row{Vector: make([]float32, width), Keys: make([]string, keys)}
	last := ""
	for n := range bucketCount {
		if err := ctx.Err(); err != nil {
			return err
		}
		pieces, err := results.take(n)
		if err != nil {
			return err
		}
		for _, piece := range pieces {
			for len(piece) > 0 {
				var ends int64
				piece, ends = decodeResult(piece, &row)
				if ends > counts.Until {
					counts.Dropped++
					continue
				}
				counts.Points++
				if row.Label == 1 {
					counts.Positives++
				}
				if row.Customer != last {
					counts.Labelled++
					last = row.Customer
				}
				if err := sink(&row); err != nil {
					return fmt.Errorf("write a row: %w", err)
				}
			}
		}
	}
	return nil
}
