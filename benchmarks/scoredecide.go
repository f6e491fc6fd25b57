package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/halfstep-ml/halfstep/benchmarks/report"
	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// decidedScores are how many of the answers are to bring an action, and what that may take.
var decidedScores = []struct {
	name, what  string
	all         bool
	wish        string  // the actions that are asked for
	least, most float64 // share of the answers with an action
	must, aim   float64
}{
	{"score_tenth", "one in ten bringing an action", false, `{"max":1}`, 0.08, 0.12, 1.4, 1.2},
	{"score_all", "each bringing an action", true, `{"max":1,"kinds":["alert"]}`, 0.99, 1, 1.7, 1.7},
	{"score_all_budget", "each bringing an action that a budget pays for", true, `{"max":1,"kinds":["coupon"]}`, 0.99, 1, 1.7, 1.7},
}

// scoreDeciding measures /score with the playbook for shops against the bare handler, which decides and commits nothing.
func (b *bench) scoreDeciding(ctx context.Context) ([]report.Row, error) {
	shop, err := b.shop(ctx)
	if err != nil {
		return nil, err
	}
	profiles, err := b.present(ctx, len(shop.Customers))
	if err != nil {
		return nil, err
	}
	var rows []report.Row
	for _, d := range decidedScores {
		asking := profiles
		path, err := b.wide(d.name, d.all)
		if err != nil {
			return nil, err
		}
		if !d.all {
			if asking, err = b.tenthWithCart(profiles); err != nil {
				return nil, err
			}
		}
		c := &contest{bench: b, profiles: asking, wish: d.wish, flags: []string{"--playbook", path}, deciding: true}
		r, err := c.run(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		share := medianOf(r.ours, issuing)
		if share < d.least || share > d.most {
			return nil, fmt.Errorf("%s: %.1f%% of the answers bring an action, expected %.0f to %.0f%%", d.name, 100*share, 100*d.least, 100*d.most)
		}
		rows = append(rows, report.Row{
			Name: d.name, What: "processor time of /score with a shop's playbook, " + d.what + " / that of the bare handler",
			Measured: r.ratio(cpu), Must: d.must, Aim: d.aim,
			Details: map[string]float64{
				"score_us": medianOf(r.ours, cpu), "bare_us": medianOf(r.theirs, cpu), "issuing_share": share, "customers": float64(len(asking)),
				"rate_per_s": r.most / 2, "score_p50_us": medianOf(r.ours, p50), "score_p99_us": medianOf(r.ours, p99), "bare_p99_us": medianOf(r.theirs, p99),
				"bare_saturation_per_s": r.bareMost, "score_saturation_per_s": r.most,
			},
		})
	}
	return rows, nil
}

// tenthWithCart picks customers of whom every tenth has something in the cart, as many as there are.
func (b *bench) tenthWithCart(profiles []profile) (mixed []profile, err error) {
	s, vector, now := b.set.NewState(), make([]float32, b.set.Len()), time.Now().UnixMilli()
	items, _ := b.set.Index("cart_items") // every install has it
	var with, without []profile
	for _, p := range profiles {
		if err := b.set.Decode(p.state, s); err != nil {
			return nil, err
		}
		if err := b.set.Read(s, now, &features.Moment{}, vector); err != nil {
			return nil, err
		}
		if vector[items] > 0 {
			with = append(with, p)
		} else {
			without = append(without, p)
		}
	}
	for i := range min(len(with), len(without)/9) {
		mixed = append(append(mixed, with[i]), without[9*i:9*i+9]...)
	}
	return mixed, nil
}

// The parts of the shop's playbook that are changed. Whatever protects customers and purses is looked at as ever, but so wide that
// nobody comes up against it during a run.
var (
	caps      = regexp.MustCompile(`max: \d{1,2}\b`)
	budgets   = regexp.MustCompile(`max: \d{3,}`)
	cooldowns = regexp.MustCompile(`cooldown: \w+`)
	holdouts  = regexp.MustCompile(`(?m)^holdout: .*$`)
	carts     = regexp.MustCompile(`(- name: checkout-doubt\n(?:.*\n){0,2}\s+when: .*)features.cart_items > 0`)
)

type change struct {
	what *regexp.Regexp
	to   string
}

// wide writes that playbook into a file. With all it has something for everybody, not only for those with a cart.
func (b *bench) wide(name string, all bool) (path string, err error) {
	text, err := playbook.Preset(playbook.DefaultPreset, "zh")
	if err != nil {
		return "", err
	}
	changes := []change{{budgets, "max: 1000000000"}, {caps, "max: 1000"}, {cooldowns, "cooldown: 1s"}, {holdouts, ""}}
	if all {
		changes = append(changes, change{carts, "${1}features.cart_items >= 0"})
	}
	for _, c := range changes {
		if !c.what.Match(text) {
			return "", fmt.Errorf("the playbook that ships has nothing like %v any more", c.what)
		}
		text = c.what.ReplaceAll(text, []byte(c.to))
	}
	if _, err := playbook.Parse(text, playbook.Vocabulary{Features: b.set, Tasks: playbook.StandardTasks()}); err != nil {
		return "", fmt.Errorf("widen the playbook that ships: %w", err)
	}
	path = filepath.Join(b.scratch, name+".yaml")
	return path, os.WriteFile(path, text, 0o600)
}
