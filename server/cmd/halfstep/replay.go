package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/features/dataset"
	"github.com/halfstep-ml/halfstep/features/label"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/source"
	"github.com/halfstep-ml/halfstep/server/app"
	"github.com/halfstep-ml/halfstep/server/config"
)

// replaying is what the replay command was asked for.
type replaying struct {
	out, labels, mapping, features, store, archive, at string
	journal                                            bool
	tolerate, workers                                  int
	memory                                             int64
}

func replayCommand() *cobra.Command {
	var r replaying
	cmd := &cobra.Command{
		Use: "replay FILE... --out DIR", Aliases: []string{"train-set"}, Short: "Fold history and write feature vectors with labels as Parquet",
		Long: `Fold history, of event files or of a store's journal, as the server does, and write a row for each label point to
DIR/NAME.parquet, NAME being that of the label file. Without --labels there is one row a customer: what was known of them.
Called as train-set it insists on --labels.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.CalledAs() == "train-set" && r.labels == "" {
				return errors.New("--labels is required: the label file of the task")
			}
			return checkHistory(len(args), r.journal, r.archive, r.memory)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.out, "out", "", "folder to write to")
	f.StringVar(&r.labels, "labels", "", "label file, as training/churn.yaml")
	f.StringVar(&r.mapping, "mapping", "", "what the columns of the files mean: a file, or the name of a mapping that ships")
	f.StringVar(&r.features, "features", "", "features file (the one that ships)")
	f.BoolVar(&r.journal, "journal", false, "read the journal of a store")
	f.StringVar(&r.store, "store", config.Default().Store, "with --journal, the store's URL; a pebble store must not be in use")
	f.StringVar(&r.archive, "archive", "", "with --journal, the folder that the journal is archived in: read first, and then what the journal has beyond it")
	f.StringVar(&r.at, "at", "", "without --labels, the instant to read at (RFC 3339); default: after a customer's last event")
	f.IntVar(&r.tolerate, "tolerate", 0, "bad rows to leave out before one ends the replay")
	f.IntVar(&r.workers, "workers", 0, "goroutines that fold (one a core)")
	f.Int64Var(&r.memory, "memory", 512, "MiB of rows, and of results, to keep in memory; what is more goes to a temporary file")
	_ = cmd.MarkFlagRequired("out") // fails only when there is no such flag
	cmd.RunE = runs(func(cmd *cobra.Command, args []string) error { return r.run(cmd, args) })
	return cmd
}

func (r *replaying) run(cmd *cobra.Command, args []string) (err error) {
	set, err := app.LoadFeatures(r.features)
	if err != nil {
		return err
	}
	labels, err := r.definition()
	if err != nil {
		return err
	}
	in, sources, done, err := r.input(cmd.Context(), cmd.ErrOrStderr(), args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return fmt.Errorf("create the folder: %w", err)
	}
	path := filepath.Join(r.out, labels.Name+".parquet")
	w, err := dataset.Create(path, dataset.NewMeta(version().Version, set, labels, sources))
	if err != nil {
		return err
	}
	progress := bar(cmd.ErrOrStderr(), "folding", false)
	options := replay.Options{Workers: r.workers, Memory: r.memory << 20, Progress: func(done, total int) {
		progress.ChangeMax(total)
		_ = progress.Set(done)
	}}
	counts, err := replay.Run(cmd.Context(), in, set, labels, options, w.Add)
	_ = progress.Finish()
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	if err := w.Commit(counts); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d points of %d customers, %d positive; %d points dropped because the data ends before their horizon; %d events, %d of them twice\n",
		path, counts.Points, counts.Labelled, counts.Positives, counts.Dropped, counts.Events, counts.Duplicates)
	return err
}

func (r *replaying) definition() (*label.Definition, error) {
	if r.labels == "" {
		var at time.Time
		if r.at != "" {
			var err error
			if at, err = time.Parse(time.RFC3339Nano, r.at); err != nil {
				return nil, fmt.Errorf("--at: expected an RFC 3339 time such as 2026-01-31T08:30:00Z, got %q", r.at)
			}
		}
		return label.Snapshot(at), nil
	}
	if r.at != "" {
		return nil, errors.New("--at is for a replay without --labels")
	}
	data, err := os.ReadFile(r.labels)
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	return label.Parse(filepath.Base(r.labels), data)
}

// input opens the history; done closes it.
func (r *replaying) input(ctx context.Context, stderr io.Writer, args []string) (in replay.Input, sources []dataset.Source, done func() error, err error) {
	if r.journal {
		driver, err := app.OpenDriver(ctx, &config.Config{Store: r.store})
		if err != nil {
			return nil, nil, nil, fmt.Errorf("open store: %w", err)
		}
		return replay.Archived(r.archive, driver), []dataset.Source{{Name: "journal"}}, driver.Close, nil
	}
	mapping, err := readMapping(r.mapping)
	if err != nil {
		return nil, nil, nil, err
	}
	progress := bar(stderr, "reading", true)
	files, err := source.Open(args, source.Options{
		Mapping: mapping, Tolerate: r.tolerate,
		OnBad: func(bad *source.RowError) { fmt.Fprintln(stderr, bad) },
		Progress: func(read, total int64) {
			progress.ChangeMax64(total)
			_ = progress.Set64(read)
		},
	})
	if err != nil {
		return nil, nil, nil, err
	}
	for _, path := range args {
		digest, err := source.Digest(path)
		if err != nil {
			return nil, nil, nil, err
		}
		sources = append(sources, dataset.Source{Name: filepath.Base(path), SHA256: digest})
	}
	return replay.Files(files), sources, progress.Finish, nil
}

// checkHistory says what is wrong with how the events are named that a command reads: files, or the journal of a store with or without its
// archive, within so many MiB.
func checkHistory(files int, journal bool, archive string, memory int64) error {
	switch {
	case journal == (files > 0):
		return errors.New("expected event files, or --journal and no files")
	case archive != "" && !journal:
		return errors.New("--archive goes with --journal")
	case memory < 1 || memory > 1<<20:
		return errors.New("--memory: expected 1 to 1048576 MiB")
	}
	return nil
}
