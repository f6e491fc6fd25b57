// Command benchmarks measures halfstep against what is expected of it, on real data and in one run, and prints a table. Answers are
// checked before they are timed.
//
//	go run ./benchmarks/... [--only fold,score] [--data DIR]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/halfstep-ml/halfstep/benchmarks/report"
)

// results is where a whole run is written.
const results = "benchmarks/results/spine.json"

// suite is rows that are measured together.
type suite struct {
	name    string
	measure func(*bench, context.Context) ([]report.Row, error)
}

// suites, in the order in which they run.
var suites = []suite{
	{"fold", (*bench).fold},
	{"read", (*bench).read},
	{"state", (*bench).state},
	{"replay", (*bench).replay},
	{"score", (*bench).score},
	{"events", (*bench).events},
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
	only := flags.StringSlice("only", nil, "suites to run: "+names())
	out := flags.String("out", "", "file for the figures (of a whole run "+results+", else none)")
	b := &bench{}
	flags.StringVar(&b.data, "data", dataFolder(), "folder of real data (HALFSTEP_DATA)")
	flags.StringVar(&b.bundles, "bundles", "models/bundles", "folder of bundles")
	if err := flags.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil
		}
		return err
	}
	for _, name := range *only {
		if !slices.ContainsFunc(suites, func(s suite) bool { return s.name == name }) {
			return fmt.Errorf("--only: unknown suite %q, expected some of %s", name, names())
		}
	}
	if err := b.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	rows, err := b.rows(ctx, *only)
	if err != nil {
		return err
	}
	if *out == "" && len(*only) == 0 {
		*out = results
	}
	if *out == "" {
		return nil
	}
	r := report.Report{Command: "go run ./benchmarks/... " + strings.Join(os.Args[1:], " "), Versions: b.versions(ctx), Rows: rows}
	r.Command = strings.TrimSpace(r.Command)
	if r.Machine, err = report.ThisMachine(); err != nil {
		return err
	}
	return r.Write(*out)
}

// rows measures, and prints the table.
func (b *bench) rows(ctx context.Context, only []string) ([]report.Row, error) {
	var all []report.Row
	for _, s := range suites {
		if len(only) > 0 && !slices.Contains(only, s.name) {
			continue
		}
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

func names() string {
	all := make([]string, len(suites))
	for i, s := range suites {
		all[i] = s.name
	}
	return strings.Join(all, ", ")
}

func dataFolder() string {
	if folder := os.Getenv("HALFSTEP_DATA"); folder != "" {
		return folder
	}
	return "../shared/datasets"
}
