// Command benchmarks measures halfstep against what is expected of it, on real data and in one run, and prints a table. Answers are
// checked before they are timed.
//
//	go run ./benchmarks/... [--only decide_200,score] [--data DIR]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/halfstep-ml/halfstep/benchmarks/report"
)

// results is the folder that figures are written to, a file a table.
const results = "benchmarks/results"

// suite is rows that are measured together.
type suite struct {
	table   string // that the rows belong to
	name    string
	measure func(*bench, context.Context) ([]report.Row, error)
}

// The tables.
const (
	spine    = "spine"
	deciding = "decide"
)

// suites, in the order in which they run.
var suites = []suite{
	{spine, "fold", (*bench).fold},
	{spine, "read", (*bench).read},
	{spine, "state", (*bench).state},
	{spine, "replay", (*bench).replay},
	{spine, "score", (*bench).score},
	{spine, "events", (*bench).events},
	{deciding, "decide_200", (*bench).decide},
	{deciding, "score_deciding", (*bench).scoreDeciding},
	{deciding, "commit_roundtrips", (*bench).roundTrips},
	{deciding, "timers", (*bench).timers},
	{deciding, "explain", (*bench).explain},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := measure
	if len(os.Args) > 1 && os.Args[1] == bareRole {
		run = serveBare
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context) (err error) {
	flags := pflag.NewFlagSet("benchmarks", pflag.ContinueOnError)
	only := flags.StringSlice("only", nil, "suites or tables to run: "+strings.Join(append(names(), spine, deciding), ", "))
	out := flags.String("out", results, "folder for the figures; by default only those of a table that is run whole are written")
	b := &bench{}
	flags.StringVar(&b.data, "data", dataFolder(), "folder of real data (HALFSTEP_DATA)")
	flags.StringVar(&b.bundles, "bundles", "models/bundles", "folder of bundles")
	if err := flags.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil
		}
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if err := b.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for _, table := range []string{spine, deciding} {
		of := slices.DeleteFunc(slices.Clone(chosen), func(s suite) bool { return s.table != table })
		if len(of) == 0 {
			continue
		}
		rows, err := b.rows(ctx, of)
		if err != nil {
			return err
		}
		if !flags.Changed("out") && len(of) < len(slices.DeleteFunc(slices.Clone(suites), func(s suite) bool { return s.table != table })) {
			continue
		}
		if err := b.write(ctx, filepath.Join(*out, table+".json"), rows); err != nil {
			return err
		}
	}
	return nil
}

// choose finds the suites that go by some names; all without any.
func choose(only []string) (chosen []suite, err error) {
	for _, name := range only {
		if !slices.ContainsFunc(suites, func(s suite) bool { return s.name == name || s.table == name }) {
			return nil, fmt.Errorf("--only: unknown suite %q, expected some of %s", name, strings.Join(names(), ", "))
		}
	}
	for _, s := range suites {
		if len(only) == 0 || slices.Contains(only, s.name) || slices.Contains(only, s.table) {
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}

// rows measures, and prints the table.
func (b *bench) rows(ctx context.Context, of []suite) ([]report.Row, error) {
	var all []report.Row
	for _, s := range of {
		fmt.Fprintln(os.Stderr, "measuring:", s.name)
		rows, err := s.measure(b, ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		for i := range rows {
			rows[i].Judge()
		}
		all = append(all, rows...)
	}
	return all, report.Print(os.Stdout, all)
}

func (b *bench) write(ctx context.Context, path string, rows []report.Row) (err error) {
	command := strings.TrimSpace("go run ./benchmarks/... " + strings.Join(os.Args[1:], " "))
	r := report.Report{Command: command, Versions: b.versions(ctx), Rows: rows}
	if r.Machine, err = report.ThisMachine(); err != nil {
		return err
	}
	return r.Write(path)
}

func names() []string {
	all := make([]string, len(suites))
	for i, s := range suites {
		all[i] = s.name
	}
	return all
}

func dataFolder() string {
	if folder := os.Getenv("HALFSTEP_DATA"); folder != "" {
		return folder
	}
	return "../shared/datasets"
}
