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
)

const (
	checkedAnswers = 512
	connections    = 64
	pairs          = 5
	warmFor        = time.Second
	saturateFor    = 4 * time.Second
	measureFor     = 6 * time.Second
	maxDegraded    = 0.001 // of the answers
	sizeTolerance  = 0.03  // between the answers of the two
)

// contest is halfstep and the bare handler side by side on one Redis, with the same customers and models.
type contest struct {
	*bench
	profiles []profile
	wish     string   // the actions that requests ask for, as JSON
	flags    []string // of halfstep
	// deciding says that halfstep does more than the bare handler: it decides, and its answers are longer.
	deciding bool

	oracle         *oracle
	halfstep, bare *process.Process
	requests       [][]byte
	vectors        [][]float32 // of the profiles, as the bare handler has them
}

// result is what came of a contest.
type result struct {
	ours, theirs   []sample
	most, bareMost float64 // requests a second
}

// run seeds a Redis, checks the answers of both servers, and measures them.
func (c *contest) run(ctx context.Context) (r result, err error) {
	if c.oracle, err = c.theOracle(ctx); err != nil {
		return r, err
	}
	db, err := process.Redis(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Stop()) }()
	if err := c.seed(ctx, db); err != nil {
		return r, err
	}
	program, err := c.halfstepProgram(ctx)
	if err != nil {
		return r, err
	}
	if c.halfstep, err = process.Halfstep(ctx, program, process.RedisURL(db), append(c.flags, "--bundles", c.bundles)...); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.halfstep.Stop()) }()
	if c.bare, err = process.Self(ctx, bareRole, "--redis", db.Addr, "--bundles", c.bundles); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.bare.Stop()) }()
	if err := c.verify(ctx); err != nil {
		return r, err
	}
	return c.measure(ctx)
}

// seed puts the customers into Redis, as states for halfstep and as vectors for the bare handler.
func (c *contest) seed(ctx context.Context, db *process.Process) (err error) {
	if err := seed(ctx, process.RedisURL(db), c.profiles); err != nil {
		return err
	}
	client := redis.NewClient(&redis.Options{Addr: db.Addr})
	defer client.Close()
	s, now := c.set.NewState(), time.Now().UnixMilli()
	pipe := client.Pipeline()
	for i := range c.profiles {
		p := &c.profiles[i]
		vector, err := c.oracle.vector(p, s, now, moment(i))
		if err != nil {
			return err
		}
		if i < checkedAnswers {
			c.vectors = append(c.vectors, vector)
		}
		c.requests = append(c.requests, load.Post("/score", scoreRequest(i, p.id, c.wish)))
		pipe.Set(ctx, bare.Key(p.id), bare.AppendVector(nil, vector), 0)
		if pipe.Len() < seededChunk && i < len(c.profiles)-1 {
			continue
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return fmt.Errorf("seed the bare handler: %w", err)
		}
	}
	return nil
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
	if math.Abs(ours/theirs-1) > sizeTolerance && !c.deciding {
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
	issuing  float64       // share of the answers that bring an action
}

// measure finds out how much halfstep can take, and then gives half of it to both in turn.
func (c *contest) measure(ctx context.Context) (r result, err error) {
	if r.most, err = c.saturate(ctx, c.halfstep); err != nil {
		return r, err
	}
	if r.bareMost, err = c.saturate(ctx, c.bare); err != nil {
		return r, err
	}
	for i := range pairs {
		first, second := c.halfstep, c.bare
		if i%2 == 1 {
			first, second = second, first
		}
		for _, p := range []*process.Process{first, second} {
			s, err := c.sample(ctx, p, r.most/2, uint64(i))
			if err != nil {
				return r, err
			}
			if p == c.halfstep {
				r.ours = append(r.ours, s)
			} else {
				r.theirs = append(r.theirs, s)
			}
		}
	}
	return r, nil
}

// saturate returns how many requests a second a server answers when it always has some waiting.
func (c *contest) saturate(ctx context.Context, p *process.Process) (float64, error) {
	plan := load.Plan{Addr: p.Addr, Connections: connections, Requests: c.requests, Duration: warmFor, Check: new(answered).check}
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
	plan := load.Plan{Addr: p.Addr, Connections: connections, Requests: c.requests, Rate: rate, Duration: warmFor, Seed: seed, Check: new(answered).check}
	if _, err := plan.Run(ctx); err != nil {
		return sample{}, err
	}
	seen := &answered{}
	plan.Duration, plan.Check = measureFor, seen.check
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
	if s.degraded = float64(seen.lacking) / float64(r.Requests); s.degraded > maxDegraded {
		return s, fmt.Errorf("%.1f%% of the answers were degraded, the last by %s", 100*s.degraded, seen.last)
	}
	s.issuing = float64(seen.issuing) / float64(r.Requests)
	return s, nil
}

// medianOf is the middle of what is measured of some samples.
func medianOf(samples []sample, f func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = f(s)
	}
	return median(values)
}

// ratio is the middle of the ratios of the pairs.
func (r *result) ratio(f func(sample) float64) float64 {
	values := make([]float64, len(r.ours))
	for i := range r.ours {
		values[i] = f(r.ours[i]) / f(r.theirs[i])
	}
	return median(values)
}

// What is measured of a sample, times in microseconds.
func cpu(s sample) float64     { return s.micros }
func p50(s sample) float64     { return float64(s.latency.P50.Microseconds()) }
func p99(s sample) float64     { return float64(s.latency.P99.Microseconds()) }
func late(s sample) float64    { return float64(s.late.Microseconds()) }
func lacking(s sample) float64 { return s.degraded }
func issuing(s sample) float64 { return s.issuing }
