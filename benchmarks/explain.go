package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/halfstep-ml/halfstep/benchmarks/load"
	"github.com/halfstep-ml/halfstep/benchmarks/process"
	"github.com/halfstep-ml/halfstep/benchmarks/report"
)

const explainRate = 150 // requests a second

// explain measures what it takes to say how much each feature that a reason names moved the scores. Every request is a preview that
// brings an action.
func (b *bench) explain(ctx context.Context) (_ []report.Row, err error) {
	c := &contest{bench: b, wish: `{"max":1},"mode":"preview"`}
	if c.oracle, err = b.theOracle(ctx); err != nil {
		return nil, err
	}
	if c.profiles, err = b.present(ctx, scoredCustomers); err != nil {
		return nil, err
	}
	path, err := b.wide("explain", true)
	if err != nil {
		return nil, err
	}
	program, err := b.halfstepProgram(ctx)
	if err != nil {
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
	halfstep, err := process.Halfstep(ctx, program, process.RedisURL(db), "--bundles", b.bundles, "--playbook", path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, halfstep.Stop()) }()
	plain, explained := c.requests, make([][]byte, len(c.profiles))
	for i := range explained {
		explained[i] = load.Post("/score", scoreRequest(i, c.profiles[i].id, c.wish+`,"explain":true`))
	}
	if err := hasEffects(ctx, halfstep.Addr, explained[:checkedAnswers]); err != nil {
		return nil, err
	}
	var with, without []sample
	var added []float64
	for i := range pairs {
		c.requests = plain
		less, err := c.sample(ctx, halfstep, explainRate, uint64(i))
		if err != nil {
			return nil, err
		}
		c.requests = explained
		more, err := c.sample(ctx, halfstep, explainRate, uint64(i))
		if err != nil {
			return nil, err
		}
		with, without, added = append(with, more), append(without, less), append(added, more.micros-less.micros)
	}
	return []report.Row{{
		Name: "explain_cpu", What: "processor time that explain adds to /score", Unit: "us", Measured: median(added), Must: 1000, Aim: 500,
		Details: map[string]float64{
			"with_us": medianOf(with, cpu), "without_us": medianOf(without, cpu), "with_p50_us": medianOf(with, p50), "without_p50_us": medianOf(without, p50),
			"rate_per_s": explainRate,
		},
	}}, nil
}

// hasEffects checks that answers say what features did.
func hasEffects(ctx context.Context, addr string, requests [][]byte) error {
	plan := load.Plan{Addr: addr, Connections: 1, Requests: requests, Check: func(_, status int, body []byte) error {
		if status != 200 || !bytes.Contains(body, []byte(`"effect":`)) || !bytes.Contains(body, undegraded) {
			return fmt.Errorf("expected effects: %s", load.Describe(status, body))
		}
		return nil
	}}
	_, err := plan.Run(ctx)
	return err
}
