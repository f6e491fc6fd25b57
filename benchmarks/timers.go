package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/benchmarks/process"
	"github.com/halfstep-ml/halfstep/benchmarks/report"
	"github.com/halfstep-ml/halfstep/features/event"
)

const (
	timerAfter  = 4 * time.Minute  // how long the play waits
	timerLead   = 45 * time.Second // what seeding and starting may take
	timerSpan   = 10 * time.Second // in which timers are due
	timerEnd    = time.Minute      // by when all have to be done
	timerLook   = 200 * time.Millisecond
	timerAdded  = 1_000 // events at once
	waitingPlay = `
version: 1
actions: {reminder: {kind: reminder, channels: [sms], value: 10, content: {text: {zh: 购物车还在等您, en: Your cart is waiting}}}}
plays:
  - {name: cart, on: Product Added, after: 4m, unless: Order Completed, when: '%s', propose: [{action: reminder, likelihood: '%s'}]}
`
)

// timed is a kind of timers: what they are up against, and how many a second are to be looked after.
type timed struct {
	name, what       string
	when, likelihood string
	fires            bool // each brings an action to a webhook
	rate             int
}

var timers = []timed{
	{"moot", "due timers a second that turn out moot", "features.cart_items > 1e9", "1", false, 10_000},
	{
		"firing", "due timers a second that run models and reach a webhook", "predictions.churn >= 0 && predictions.emotion_trend >= 0",
		"1 - predictions.cart_abandonment * 0.1", true, 2_500,
	},
}

// timers measures how late timers are at a steady rate, and how many a second there can be when all are due at once.
func (b *bench) timers(ctx context.Context) (rows []report.Row, err error) {
	for _, kind := range timers {
		for _, driver := range []string{"redis", "pebble"} {
			steady, err := b.wait(ctx, &kind, driver, timerSpan)
			if err != nil {
				return nil, fmt.Errorf("%s on %s: %w", kind.name, driver, err)
			}
			burst, err := b.wait(ctx, &kind, driver, 0)
			if err != nil {
				return nil, fmt.Errorf("%s on %s, at once: %w", kind.name, driver, err)
			}
			most := float64(burst.timers) / burst.took.Seconds()
			rows = append(rows, report.Row{
				Name: "timers_" + kind.name + "_" + driver, What: fmt.Sprintf("p99 lateness at %d %s, %s", kind.rate, kind.what, driver), Unit: "s",
				Measured: steady.p99, Must: 1, Aim: 0.5,
				More: []report.Row{{
					Name: "timers_" + kind.name + "_most_" + driver, What: "a second when all are due at once", Unit: "/s",
					Measured: most, Must: float64(kind.rate), Aim: 2 * float64(kind.rate),
				}},
				Details: map[string]float64{"timers": float64(steady.timers), "in_time_share": steady.inTime, "processor_us_a_timer": steady.micros},
			})
		}
	}
	return rows, nil
}

// waited is what became of timers.
type waited struct {
	timers int
	took   time.Duration // from when the first was due to the end of the last
	p99    float64       // seconds late
	inTime float64       // share that is at most a second late
	micros float64       // processor time of halfstep, a timer, from when the first was due
}

// wait has customers put something into their carts, and a halfstep wait for what then is due within a span.
func (b *bench) wait(ctx context.Context, kind *timed, driver string, span time.Duration) (w waited, err error) {
	profiles, err := b.present(ctx, kind.rate*int(timerSpan/time.Second))
	if err != nil {
		return w, err
	}
	folder, err := os.MkdirTemp(b.scratch, "timers-")
	if err != nil {
		return w, fmt.Errorf("create a folder: %w", err)
	}
	url := "pebble:" + filepath.Join(folder, "store")
	if driver == "redis" {
		db, err := process.Redis(ctx)
		if err != nil {
			return w, err
		}
		defer func() { err = errors.Join(err, db.Stop()) }()
		url = process.RedisURL(db)
	}
	text := fmt.Sprintf(waitingPlay, kind.when, kind.likelihood)
	path := filepath.Join(folder, "playbook.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return w, fmt.Errorf("write the playbook: %w", err)
	}
	program, err := b.halfstepProgram(ctx)
	if err != nil {
		return w, err
	}
	first := time.Now().Add(timerLead)
	due := make(map[string]time.Time, len(profiles))
	for i := range profiles {
		due[profiles[i].id] = first.Add(span * time.Duration(i) / time.Duration(len(profiles)))
	}
	if err := b.begin(ctx, url, text, profiles, due); err != nil {
		return w, err
	}
	return kind.run(ctx, due, first.Add(span), program, url, "--bundles", b.bundles, "--playbook", path)
}

// run starts a halfstep and has it look after the timers, the last of which is due at an instant.
func (kind *timed) run(ctx context.Context, due map[string]time.Time, last time.Time, program, url string, flags ...string) (w waited, err error) {
	inbox, err := newInbox(due)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, inbox.close()) }()
	halfstep, err := process.Halfstep(ctx, program, url, append(flags, "--webhooks", inbox.webhook())...)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, halfstep.Stop()) }()
	first := last
	for _, at := range due {
		if at.Before(first) {
			first = at
		}
	}
	if time.Now().After(first) {
		return w, fmt.Errorf("seeding took longer than %v: the machine has too much else to do", timerLead)
	}
	time.Sleep(time.Until(first))
	return kind.follow(ctx, halfstep, inbox, first, last)
}

// begin seeds a store and has every customer begin to wait.
func (b *bench) begin(ctx context.Context, url, text string, profiles []profile, due map[string]time.Time) (err error) {
	opened, err := openStore(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	if err := fill(ctx, opened, profiles); err != nil {
		return err
	}
	engine, err := b.engine(ctx, opened, text, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close(), engine.Wait(context.WithoutCancel(ctx))) }()
	for chunk := range slices.Chunk(profiles, timerAdded) {
		events := make([]event.Event, len(chunk))
		for i := range chunk {
			id := chunk[i].id
			at := due[id].Add(-timerAfter).UnixMilli()
			events[i] = event.Event{
				ID: "added-" + id, Type: event.Track, Name: "Product Added", CustomerID: id, At: at, ReceivedAt: at,
				Properties: event.Object{{Key: "product_id", Value: event.StringValue("p" + id)}},
			}
		}
		if in := engine.Ingest(ctx, events); in.Accepted != len(events) {
			return fmt.Errorf("%d of %d events were accepted: %w", in.Accepted, len(events), in.Err)
		}
	}
	return nil
}

// follow waits until all timers are done.
func (kind *timed) follow(ctx context.Context, halfstep *process.Process, inbox *inbox, first, last time.Time) (w waited, err error) {
	before, err := halfstep.CPU()
	if err != nil {
		return w, err
	}
	w.timers = len(inbox.due)
	end := last.Add(timerEnd)
	var seen lateness
	for done := false; !done; {
		select {
		case <-time.After(timerLook):
		case <-ctx.Done():
			return w, ctx.Err()
		}
		if seen, err = readLateness(ctx, halfstep.Addr); err != nil {
			return w, err
		}
		done = int(seen.count) >= w.timers && (!kind.fires || inbox.count() >= w.timers)
		if time.Now().After(end) {
			return w, fmt.Errorf("of %d timers %.0f were looked after and %d reached the webhook", w.timers, seen.count, inbox.count())
		}
	}
	w.took, w.inTime = time.Since(first), seen.within(1)
	w.p99 = min(seen.quantile(0.99), w.took.Seconds())
	after, err := halfstep.CPU()
	w.micros = float64((after - before).Microseconds()) / float64(w.timers)
	if kind.fires {
		w.took, w.p99, w.inTime = inbox.result(first)
	} else if n := inbox.count(); n > 0 {
		return w, fmt.Errorf("%d timers brought an action, expected none", n)
	}
	return w, err
}
