package main

import (
	"context"
	"time"

	"github.com/halfstep-ml/halfstep/benchmarks/report"
)

const scoredCustomers = 8_192

// score measures /score against the bare handler. Nothing is decided, since the bare handler decides nothing.
func (b *bench) score(ctx context.Context) ([]report.Row, error) {
	profiles, err := b.present(ctx, scoredCustomers)
	if err != nil {
		return nil, err
	}
	c := &contest{bench: b, profiles: profiles, wish: `"none"`}
	r, err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	return []report.Row{{
		Name: "score_cpu", What: "processor time of /score without actions / that of the bare handler", Measured: r.ratio(cpu), Must: 1.4, Aim: 1.15,
		Details: map[string]float64{
			"score_us": medianOf(r.ours, cpu), "bare_us": medianOf(r.theirs, cpu), "bare_saturation_per_s": r.bareMost, "score_saturation_per_s": r.most,
		},
	}, {
		Name: "score_p99", What: "p99 of /score without actions at half of saturation / the bare handler's", Measured: r.ratio(p99), Must: 1.5, Aim: 1.1,
		Details: map[string]float64{
			"rate_per_s": r.most / 2, "score_p99_us": medianOf(r.ours, p99), "bare_p99_us": medianOf(r.theirs, p99),
			"score_p50_us": medianOf(r.ours, p50), "bare_p50_us": medianOf(r.theirs, p50),
			"generator_late_p99_us": medianOf(append(r.ours, r.theirs...), late), "score_degraded_share": medianOf(r.ours, lacking),
		},
	}}, nil
}

// present is some customers of the history, evenly spread, whose last event happened just now.
func (b *bench) present(ctx context.Context, n int) ([]profile, error) {
	shop, err := b.shop(ctx)
	if err != nil {
		return nil, err
	}
	return b.foldBefore(ctx, shop.Decoder(shop.ShiftTo(time.Now())), everyNth(shop.Customers, n), everything)
}

// everyNth picks n elements, evenly spread.
func everyNth[T any](all []T, n int) []T {
	picked := make([]T, n)
	for i := range picked {
		picked[i] = all[i*len(all)/n]
	}
	return picked
}
