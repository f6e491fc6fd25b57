package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/halfstep-ml/halfstep/benchmarks/bare"
	"github.com/halfstep-ml/halfstep/benchmarks/load"
	"github.com/halfstep-ml/halfstep/benchmarks/process"
	"github.com/halfstep-ml/halfstep/benchmarks/report"
)

const (
	scoredCustomers = 8_192
	checkedAnswers  = 512
	connections     = 64
	pairs           = 5
	warmFor         = time.Second
	saturateFor     = 4 * time.Second
	measureFor      = 6 * time.Second
	maxDegraded     = 0.001 // of the answers
	sizeTolerance   = 0.03  // between the answers of the two
)

// contest is halfstep and the bare handler side by side on one Redis, with the same customers and models.
type contest struct {
	*bench
	oracle         *oracle
	halfstep, bare *process.Process
	profiles       []profile
	requests       [][]byte
	vectors        [][]float32 // of the profiles, as the bare handler has them
}

// score measures /score against the bare handler.
func (b *bench) score(ctx context.Context) (_ []report.Row, err error) {
	c := &contest{bench: b}
	if c.oracle, err = newOracle(ctx, b.set, b.bundles); err != nil {
		return nil, err
	}
	db, err := process.Redis(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Stop()) }()
	if err := c.seed(ctx, db); err != nil {
		return nil, err
	}
	program, err := b.halfstepProgram(ctx)
	if err != nil {
		return nil, err
	}
	if c.halfstep, err = process.Halfstep(ctx, program, process.RedisURL(db), "--bundles", b.bundles); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.halfstep.Stop()) }()
	if c.bare, err = process.Self(ctx, bareRole, "--redis", db.Addr, "--bundles", b.bundles); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.bare.Stop()) }()
	if err := c.verify(ctx); err != nil {
		return nil, err
	}
	return c.measure(ctx)
}

// seed puts some customers into Redis, as states for halfstep and as vectors for the bare handler.
func (c *contest) seed(ctx context.Context, db *process.Process) (err error) {
	shop, err := c.shop(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	picked := everyNth(shop.Customers, scoredCustomers)
	if c.profiles, err = c.foldBefore(ctx, shop.Decoder(shop.ShiftTo(now)), picked, everything); err != nil {
		return err
	}
	if err := seed(ctx, process.RedisURL(db), c.profiles); err != nil {
		return err
	}
	client := redis.NewClient(&redis.Options{Addr: db.Addr})
	defer client.Close()
	s := c.set.NewState()
	pipe := client.Pipeline()
	for i := range c.profiles {
		p := &c.profiles[i]
		vector, err := c.oracle.vector(p, s, now.UnixMilli(), moment(i))
		if err != nil {
			return err
		}
		c.vectors = append(c.vectors, vector)
		c.requests = append(c.requests, load.Post("/score", scoreRequest(i, p.id)))
		pipe.Set(ctx, bare.Key(p.id), bare.AppendVector(nil, vector), 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("seed the bare handler: %w", err)
	}
	return nil
}

// everyNth picks n elements, evenly spread.
func everyNth[T any](all []T, n int) []T {
	picked := make([]T, n)
	for i := range picked {
		picked[i] = all[i*len(all)/n]
	}
	return picked
}

// verify checks that both give the right scores, in answers of the same size.
func (c *contest) verify(ctx context.Context) error {
	requests, s := c.requests[:checkedAnswers], c.set.NewState()
	ours, err := c.oracle.verify(ctx, c.halfstep.Addr, requests, func(i int, a *answer) ([]float32, error) {
		return c.oracle.vector(&c.profiles[i], s, a.At.UnixMilli(), moment(i))
	})
	if err != nil {
		return fmt.Errorf("halfstep: %w", err)
	}
	theirs, err := c.oracle.verify(ctx, c.bare.Addr, requests, func(i int, _ *answer) ([]float32, error) { return c.vectors[i], nil })
	if err != nil {
		return fmt.Errorf("the bare handler: %w", err)
	}
	if math.Abs(ours/theirs-1) > sizeTolerance {
		return fmt.Errorf("halfstep's answers have %.0f bytes, the bare handler's %.0f: that is not the same work", ours, theirs)
	}
	return nil
}

// sample is what one server did with one run of requests.
type sample struct {
	latency  load.Times
	late     time.Duration // 99th percentile
	micros   float64       // processor time a request
	degraded float64       // share of the answers
}

// measure finds out how much halfstep can take, and then gives half of it to both in turn.
func (c *contest) measure(ctx context.Context) ([]report.Row, error) {
	most, err := c.saturate(ctx, c.halfstep)
	if err != nil {
		return nil, err
	}
	bareMost, err := c.saturate(ctx, c.bare)
	if err != nil {
		return nil, err
	}
	var ours, theirs []sample
	for i := range pairs {
		first, second := c.halfstep, c.bare
		if i%2 == 1 {
			first, second = second, first
		}
		for _, p := range []*process.Process{first, second} {
			s, err := c.sample(ctx, p, most/2, uint64(i))
			if err != nil {
				return nil, err
			}
			if p == c.halfstep {
				ours = append(ours, s)
			} else {
				theirs = append(theirs, s)
			}
		}
	}
	return contestRows(ours, theirs, most, bareMost), nil
}

// saturate returns how many requests a second a server answers when it always has some waiting.
func (c *contest) saturate(ctx context.Context, p *process.Process) (float64, error) {
	plan := load.Plan{Addr: p.Addr, Connections: connections, Requests: c.requests, Duration: warmFor, Check: new(degraded).check}
	if _, err := plan.Run(ctx); err != nil {
		return 0, err
	}
	plan.Duration = saturateFor
	r, err := plan.Run(ctx)
	if err != nil {
		return 0, err
	}
	return r.Rate(), nil
}

// sample gives a server a steady stream of requests.
func (c *contest) sample(ctx context.Context, p *process.Process, rate float64, seed uint64) (sample, error) {
	plan := load.Plan{Addr: p.Addr, Connections: connections, Requests: c.requests, Rate: rate, Duration: warmFor, Seed: seed, Check: new(degraded).check}
	if _, err := plan.Run(ctx); err != nil {
		return sample{}, err
	}
	lacking := &degraded{}
	plan.Duration, plan.Check = measureFor, lacking.check
	before, err := p.CPU()
	if err != nil {
		return sample{}, err
	}
	r, err := plan.Run(ctx)
	if err != nil {
		return sample{}, err
	}
	after, err := p.CPU()
	if err != nil {
		return sample{}, err
	}
	s := sample{latency: r.Latency, late: r.Late.P99, micros: float64((after - before).Microseconds()) / float64(r.Requests)}
	if s.degraded = float64(lacking.count) / float64(r.Requests); s.degraded > maxDegraded {
		return s, fmt.Errorf("%.1f%% of the answers were degraded, the last by %s", 100*s.degraded, lacking.first)
	}
	return s, nil
}

func contestRows(ours, theirs []sample, most, bareMost float64) []report.Row {
	micros := func(d time.Duration) float64 { return float64(d.Microseconds()) }
	of := func(samples []sample, f func(sample) float64) float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = f(s)
		}
		return median(values)
	}
	ratio := func(f func(sample) float64) float64 {
		values := make([]float64, len(ours))
		for i := range ours {
			values[i] = f(ours[i]) / f(theirs[i])
		}
		return median(values)
	}
	cpu := func(s sample) float64 { return s.micros }
	p99 := func(s sample) float64 { return micros(s.latency.P99) }
	p50 := func(s sample) float64 { return micros(s.latency.P50) }
	late := func(s sample) float64 { return micros(s.late) }
	lacking := func(s sample) float64 { return s.degraded }
	return []report.Row{{
		Name: "score_cpu", What: "processor time of /score / that of the bare handler", Measured: ratio(cpu), Must: 1.4, Aim: 1.15,
		Details: map[string]float64{"score_us": of(ours, cpu), "bare_us": of(theirs, cpu), "bare_saturation_per_s": bareMost, "score_saturation_per_s": most},
	}, {
		Name: "score_p99", What: "p99 of /score at half of saturation / the bare handler's", Measured: ratio(p99), Must: 1.5, Aim: 1.1,
		Details: map[string]float64{
			"rate_per_s": most / 2, "score_p99_us": of(ours, p99), "bare_p99_us": of(theirs, p99), "score_p50_us": of(ours, p50), "bare_p50_us": of(theirs, p50),
			"generator_late_p99_us": of(append(ours, theirs...), late), "score_degraded_share": of(ours, lacking),
		},
	}}
}
