package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/halfstep-ml/halfstep/benchmarks/process"
	"github.com/halfstep-ml/halfstep/benchmarks/report"
	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// byChannel gives an action on the web, one that a budget pays for in the app, and none elsewhere.
const byChannel = `
version: 1
budgets: [{name: coupons-a-day, scope: {kind: coupon}, max: 100000, per: day}]
actions:
  hint: {kind: note, channels: [web], value: 1}
  coupon: {kind: coupon, channels: [app], value: 1}
plays:
  - {name: on-the-web, ask: true, when: channel == "web", propose: [hint]}
  - {name: in-the-app, ask: true, when: channel == "app", propose: [coupon]}
`

const countedScores = 300

// roundTrips counts what committing a decision adds to the round trips of a score to Redis. Only scores run, one after the other.
func (b *bench) roundTrips(ctx context.Context) (_ []report.Row, err error) {
	db, err := process.Redis(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Stop()) }()
	relay, err := process.NewRelay(db.Addr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, relay.Close()) }()
	opened, err := openStore(ctx, "redis://"+relay.Addr+"/0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	engine, err := b.engine(ctx, opened, byChannel, time.Now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close(), engine.Wait(context.WithoutCancel(ctx))) }()
	counted := map[string]float64{}
	for _, round := range []string{"warm", "counted"} { // connections are made and scripts loaded in the first
		for channel, wanted := range map[string]string{"phone": "[]", "web": `"hint"`, "app": `"coupon"`} {
			before := relay.Trips()
			for i := range countedScores {
				if err := scoreOne(engine, fmt.Sprint(round, channel, i), channel, wanted); err != nil {
					return nil, err
				}
			}
			counted[channel] = float64(relay.Trips()-before) / countedScores
		}
	}
	return []report.Row{{
		Name: "commit_roundtrips", What: "round trips to redis that committing a decision adds", Measured: counted["web"] - counted["phone"], Must: 1, Aim: 1,
		More: []report.Row{{
			Name: "commit_roundtrips_budget", What: "with a budget", Measured: counted["app"] - counted["phone"], Must: 2, Aim: 2,
		}},
		Details: map[string]float64{"without_an_action": counted["phone"], "with_an_action": counted["web"], "with_a_budget": counted["app"]},
	}}, nil
}

func scoreOne(e *live.Engine, customer, channel, wanted string) error {
	requests, answers := []live.Request{{Customer: customer, Moment: features.Moment{Channel: channel}}}, make([]live.Answer, 1)
	if err := e.Score(requests, answers); err != nil {
		return err
	}
	if a := &answers[0]; !strings.Contains(string(a.Actions), wanted) || len(a.Degraded) > 0 {
		return fmt.Errorf("on %s the actions are %s, degraded %v, expected %s", channel, a.Actions, a.Degraded, wanted)
	}
	return nil
}

// engine decides by a playbook, in this process and without models.
func (b *bench) engine(ctx context.Context, opened *store.Store, text string, now func() time.Time) (*live.Engine, error) {
	book, err := playbook.Parse([]byte(text), playbook.Vocabulary{Features: b.set, Tasks: playbook.StandardTasks()})
	if err != nil {
		return nil, fmt.Errorf("parse the playbook: %w", err)
	}
	e := live.New(live.Options{
		Store: opened, Metrics: metrics.New(prometheus.NewRegistry()), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: now, Deadline: 5 * time.Second, MaxLate: 64,
	})
	serving := live.NewServing(b.set, models.NewRegistry())
	serving.Play(book)
	return e, e.Use(ctx, serving)
}
