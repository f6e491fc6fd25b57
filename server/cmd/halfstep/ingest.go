package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/features/source"
	"github.com/halfstep-ml/halfstep/server/app"
	"github.com/halfstep-ml/halfstep/server/bulk"
	"github.com/halfstep-ml/halfstep/server/config"
)

// ingesting is what the ingest command was asked for.
type ingesting struct {
	url, store, key, mapping, features, bundles, library string
	tolerate                                             int
	anew                                                 bool
}

func ingestCommand() *cobra.Command {
	var in ingesting
	cmd := &cobra.Command{
		Use: "ingest FILE...", Short: "Fold event files into a server or a store",
		Long: `Fold event files into a running server (--url) or into a store that no server has open (--store): JSONL of events, or any table
with a --mapping. Files may be .gz or .zst. When it is broken off, the same command goes on where it was.`,
		Args: cobra.MinimumNArgs(1),
	}
	f := cmd.Flags()
	f.StringVar(&in.url, "url", "http://127.0.0.1:8080", "the server")
	f.StringVar(&in.store, "store", "", "the store's URL, instead of a server")
	f.StringVar(&in.key, "key", os.Getenv("HALFSTEP_KEY"), "API key of role admin, when the server wants one (HALFSTEP_KEY)")
	f.StringVar(&in.mapping, "mapping", "", "what the columns of the files mean: a file, or the name of a mapping that ships")
	f.StringVar(&in.features, "features", "", "with --store, the features file (the one that ships)")
	f.StringVar(&in.bundles, "bundles", "", "with --store, the folder of the bundles that read messages (those that ship)")
	f.StringVar(&in.library, "library", "", "with --store, ONNX Runtime's shared library (the one in the binary, or in the checkout)")
	f.IntVar(&in.tolerate, "tolerate", 0, "bad rows to leave out before one ends it")
	f.BoolVar(&in.anew, "anew", false, "begin at the first row, whatever was sent before")
	cmd.MarkFlagsMutuallyExclusive("url", "store")
	f.Lookup("key").DefValue = ""
	cmd.RunE = runs(func(cmd *cobra.Command, args []string) error { return in.run(cmd, args) })
	return cmd
}

func (in *ingesting) run(cmd *cobra.Command, args []string) (err error) {
	mapping, err := readMapping(in.mapping)
	if err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	progress := bar(stderr, "ingesting", true)
	files, err := source.Open(args, source.Options{
		Mapping: mapping, Tolerate: in.tolerate,
		OnBad: func(bad *source.RowError) { fmt.Fprintln(stderr, bad) },
		Progress: func(read, total int64) {
			progress.ChangeMax64(total)
			_ = progress.Set64(read)
		},
	})
	if err != nil {
		return err
	}
	checkpoint, err := in.checkpoint(args)
	if err != nil {
		return err
	}
	if checkpoint.Rows > 0 {
		fmt.Fprintf(stderr, "going on after %d rows\n", checkpoint.Rows)
	}
	target, done, err := in.target(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	total, err := bulk.Run(cmd.Context(), files, target, checkpoint)
	_ = progress.Finish()
	if err != nil {
		return err
	}
	stats := files.Stats()
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d events accepted, %d known before, %d rejected; %d rows, %d without a customer, %d bad\n",
		total.Accepted, total.Duplicates, total.Rejected, stats.Rows, stats.NoCustomer, stats.Bad)
	return err
}

func (in *ingesting) checkpoint(files []string) (*bulk.Checkpoint, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	target := in.url
	if in.store != "" {
		target = in.store
	}
	c, err := bulk.OpenCheckpoint(filepath.Join(cache, "halfstep"), target, in.mapping, files)
	if err == nil && in.anew {
		c.Rows = 0
	}
	return c, err
}

// target is the server or the store; done closes it.
func (in *ingesting) target(ctx context.Context) (bulk.Target, func() error, error) {
	if in.store == "" {
		server, err := bulk.NewServer(in.url, in.key)
		return server, func() error { return nil }, err
	}
	settings := config.Default()
	settings.Store, settings.Features, settings.Bundles, settings.Library = in.store, in.features, in.bundles, in.library
	engine, done, err := app.OpenEngine(ctx, settings)
	if err != nil {
		return nil, nil, err
	}
	return bulk.Engine{Engine: engine, Timeout: settings.StoreTimeout}, done, nil
}
