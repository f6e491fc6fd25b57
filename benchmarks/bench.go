package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/halfstep-ml/halfstep/benchmarks/ga4"
	"github.com/halfstep-ml/halfstep/benchmarks/process"
	"github.com/halfstep-ml/halfstep/benchmarks/report"
	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

// bench is what suites share; the costly parts are made when they are first asked for.
type bench struct {
	data, bundles string
	set           *features.FeatureSet
	scratch       string // folder
	history       *ga4.History
	states        [][]byte // of every customer of the history, encoded
	program       string
	models        *oracle
}

func (b *bench) open() (err error) {
	b.set = features.Default()
	if b.bundles, err = filepath.Abs(b.bundles); err != nil {
		return fmt.Errorf("find the bundles: %w", err)
	}
	if b.scratch, err = os.MkdirTemp("", "halfstep-bench-"); err != nil {
		return fmt.Errorf("create a folder: %w", err)
	}
	return nil
}

func (b *bench) close() error { return os.RemoveAll(b.scratch) }

// shop is the history that everything is measured on.
func (b *bench) shop(ctx context.Context) (_ *ga4.History, err error) {
	if b.history == nil {
		b.history, err = ga4.Read(ctx, b.data)
	}
	return b.history, err
}

// theOracle is what the models say.
func (b *bench) theOracle(ctx context.Context) (_ *oracle, err error) {
	if b.models == nil {
		b.models, err = newOracle(ctx, b.set, b.bundles)
	}
	return b.models, err
}

// halfstepProgram is the path of the program, built from this checkout.
func (b *bench) halfstepProgram(ctx context.Context) (_ string, err error) {
	if b.program == "" {
		b.program, err = process.Build(ctx, b.scratch)
	}
	return b.program, err
}

// profiles folds every customer once, and checks that nothing was lost on the way.
func (b *bench) profiles(ctx context.Context) ([][]byte, error) {
	if b.states != nil {
		return b.states, nil
	}
	shop, err := b.shop(ctx)
	if err != nil {
		return nil, err
	}
	d, s := shop.Decoder(0), b.set.NewState()
	check := newTally(b.set, shop.Newest())
	var events []event.Event
	var memory []byte
	states := make([][]byte, len(shop.Customers))
	for i := range shop.Customers {
		if events, err = d.Events(&shop.Customers[i], events[:0]); err != nil {
			return nil, err
		}
		s.Reset()
		for k := range events {
			b.set.Fold(s, &events[k])
		}
		if err := check.add(s, len(events)); err != nil {
			return nil, fmt.Errorf("customer %s: %w", shop.Customers[i].ID, err)
		}
		memory = s.Append(memory[:0])
		states[i] = append([]byte(nil), memory...)
		d.Reset()
	}
	b.states = states
	return states, check.total()
}

// tally checks states against what is known of the history.
type tally struct {
	set    *features.FeatureSet
	now    int64
	vector []float32
	orders int // position in the vector
	sum    float32
}

func newTally(set *features.FeatureSet, now int64) *tally {
	orders, _ := set.Index("orders_90d") // every install has it
	return &tally{set: set, now: now, vector: make([]float32, set.Len()), orders: orders}
}

func (t *tally) add(s *features.State, events int) error {
	if s.Events() != int64(events) {
		return fmt.Errorf("%d events were folded, expected %d", s.Events(), events)
	}
	if err := t.set.Read(s, t.now, &features.Moment{}, t.vector); err != nil {
		return err
	}
	t.sum += t.vector[t.orders]
	return nil
}

func (t *tally) total() error {
	if t.sum != ga4.Orders {
		return fmt.Errorf("orders_90d is %v over all customers, expected %d", t.sum, ga4.Orders)
	}
	return nil
}

// versions are of everything that has a part in the figures.
func (b *bench) versions(ctx context.Context) map[string]string {
	versions := report.BuiltFrom()
	versions["features"] = b.set.Revision()
	for name, command := range map[string][]string{
		"redis":    {"redis-server", "--version"},
		"halfstep": {"git", "describe", "--always", "--dirty", "--abbrev=12"},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).Output(); err == nil {
			versions[name] = strings.TrimSpace(string(out))
		}
	}
	return versions
}
