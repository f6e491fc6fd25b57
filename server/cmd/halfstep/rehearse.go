package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundles"
	"github.com/halfstep-ml/halfstep/models/ort"
	"github.com/halfstep-ml/halfstep/server/app"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/rehearse"
)

// rehearsal is what the rehearse command was asked for.
type rehearsal struct {
	replaying
	playbook, against, bundle, bundles, library, language string
	askOn                                                 []string
	json                                                  bool
}

func rehearseCommand() *cobra.Command {
	var r rehearsal
	cmd := &cobra.Command{
		Use: "rehearse --playbook NEW FILE...", Short: "Say what a playbook would have done, against what serves now",
		Long: `Run a playbook over recorded events, of files or of a store's journal, and print what it would have done beside what another
does: actions a day by play, customers reached, contacts a customer, what was withheld and why, timers, and the use of budgets.`,
		Args: func(_ *cobra.Command, args []string) error {
			if r.playbook == "" {
				return errors.New("--playbook is required: the file, or the name of a preset")
			}
			return checkHistory(len(args), r.journal, r.archive, r.memory)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.playbook, "playbook", "", "playbook to rehearse: a file, or the name of a preset")
	f.StringVar(&r.against, "against", playbook.DefaultPreset, "playbook to compare with, likewise; none for none")
	f.StringVar(&r.bundle, "bundle", "", "folder of a bundle that the new playbook reads instead of the one of the same task")
	f.StringVar(&r.bundles, "bundles", "", "folder of the bundles that serve (those that ship)")
	f.StringSliceVar(&r.askOn, "ask-on", []string{"Page Viewed"}, "events at which a score is asked for; Session Started is a visit's first, none is none")
	f.StringVar(&r.language, "language", "zh", "of presets: zh, by the time of Shanghai, or en, by UTC")
	f.BoolVar(&r.json, "json", false, "print JSON, which says more than the table")
	f.StringVar(&r.mapping, "mapping", "", "what the columns of the files mean: a file, or the name of a mapping that ships")
	f.StringVar(&r.features, "features", "", "features file (the one that ships)")
	f.BoolVar(&r.journal, "journal", false, "read the journal of a store")
	f.StringVar(&r.store, "store", config.Default().Store, "with --journal, the store's URL; a pebble store must not be in use")
	f.StringVar(&r.archive, "archive", "", "with --journal, the folder that the journal is archived in: read first, and then what the journal has beyond it")
	f.IntVar(&r.tolerate, "tolerate", 0, "bad rows to leave out before one ends the rehearsal")
	f.IntVar(&r.workers, "workers", 0, "customers followed at once")
	f.Int64Var(&r.memory, "memory", 512, "MiB of events to keep in memory; what is more goes to a temporary file")
	f.StringVar(&r.library, "library", "", "ONNX Runtime's shared library (the one in the binary, or in the checkout)")
	cmd.RunE = runs(func(cmd *cobra.Command, args []string) error {
		report, err := r.run(cmd.Context(), cmd.ErrOrStderr(), args)
		if err != nil {
			return err
		}
		if !r.json {
			return report.WriteTable(cmd.OutOrStdout())
		}
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	})
	return cmd
}

func (r *rehearsal) run(ctx context.Context, stderr io.Writer, args []string) (_ *rehearse.Report, err error) {
	set, err := app.LoadFeatures(r.features)
	if err != nil {
		return nil, err
	}
	in, journal, done, err := r.history(ctx, stderr, args)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	cast, err := r.load(ctx, set)
	defer func() { err = errors.Join(err, cast.close()) }()
	if err != nil {
		return nil, err
	}
	policies, err := r.policies(stderr, set, cast)
	if err != nil {
		return nil, err
	}
	progress := bar(stderr, "rehearsing", false)
	defer func() { _ = progress.Finish() }()
	o := rehearse.Options{
		Features: set, Texts: cast.texts, Log: slog.New(slog.NewTextHandler(stderr, nil)), Workers: r.workers, Memory: r.memory << 20,
		Progress: func(done, total int) {
			progress.ChangeMax(total)
			_ = progress.Set(done)
		},
	}
	if !slices.Equal(r.askOn, []string{"none"}) {
		o.AskOn = r.askOn
	}
	report, err := rehearse.Run(ctx, in, policies, o)
	if err != nil {
		return nil, err
	}
	report.Estimate = rehearse.NothingLogged()
	if journal != nil {
		report.Estimate, err = rehearse.Weigh(ctx, r.archive, journal, set, policies[0])
	}
	return report, err
}

// history opens what is rehearsed over, and the journal if it is one; done closes it.
func (r *rehearsal) history(ctx context.Context, stderr io.Writer, args []string) (_ replay.Input, journal replay.JournalReader, done func() error, err error) {
	if !r.journal {
		in, _, done, err := r.input(ctx, stderr, args)
		return in, nil, done, err
	}
	driver, err := app.OpenDriver(ctx, &config.Config{Store: r.store})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("open store: %w", err)
	}
	return replay.Archived(r.archive, driver), driver, driver.Close, nil
}

// cast is the models of a rehearsal.
type cast struct {
	served []*models.Model
	other  *models.Model // instead of the one of the same task; nil: none
	texts  []*models.TextModel
}

func (c *cast) close() error {
	var errs []error
	for _, m := range c.served {
		errs = append(errs, m.Close())
	}
	for _, m := range c.texts {
		errs = append(errs, m.Close())
	}
	if c.other != nil {
		errs = append(errs, c.other.Close())
	}
	return errors.Join(errs...)
}

// load starts the models. What was started before an error is in the cast, to be closed.
func (r *rehearsal) load(ctx context.Context, set *features.FeatureSet) (c cast, err error) {
	runtime, err := ort.Start(ort.Options{Library: r.library})
	if err != nil {
		return c, err
	}
	var folder fs.FS = bundles.FS()
	if r.bundles != "" {
		folder = os.DirFS(r.bundles)
	}
	if c.served, err = models.LoadAll(ctx, folder, set, runtime); err != nil {
		return c, err
	}
	if c.texts, err = models.LoadTexts(ctx, folder, runtime); err != nil {
		return c, err
	}
	if r.bundle != "" {
		if c.other, err = models.Load(ctx, os.DirFS(r.bundle), set, runtime); err != nil {
			return c, fmt.Errorf("--bundle %s: %w", r.bundle, err)
		}
	}
	return c, nil
}

// recast is the models with another in its place.
func (c *cast) recast() []*models.Model {
	if c.other == nil {
		return c.served
	}
	all := slices.DeleteFunc(slices.Clone(c.served), func(m *models.Model) bool { return m.Task == c.other.Task })
	return append(all, c.other)
}

// policies are the new one, and the one to compare with.
func (r *rehearsal) policies(stderr io.Writer, set *features.FeatureSet, c cast) ([]rehearse.Policy, error) {
	tried := rehearse.Policy{Name: r.playbook, Models: c.recast()}
	served := rehearse.Policy{Name: r.against, Models: c.served}
	policies := []*rehearse.Policy{&tried, &served}
	if r.against == "none" {
		policies = policies[:1]
	}
	out := make([]rehearse.Policy, len(policies))
	for i, p := range policies {
		book, err := r.parse(stderr, p.Name, playbook.Vocabulary{Features: set, Tasks: tasksOf(p.Models)})
		if err != nil {
			return nil, err
		}
		p.Playbook, out[i] = book, *p
		out[i].Playbook = book
	}
	return out, nil
}

func tasksOf(all []*models.Model) []string {
	tasks := playbook.StandardTasks()
	for _, m := range all {
		if !slices.Contains(tasks, m.Task) {
			tasks = append(tasks, m.Task)
		}
	}
	return tasks
}

// parse reads a playbook, of a file or a preset, and writes down all that is wrong with it.
func (r *rehearsal) parse(stderr io.Writer, name string, v playbook.Vocabulary) (*playbook.Playbook, error) {
	var data []byte
	var err error
	if slices.Contains(playbook.Presets(), name) {
		data, err = playbook.Preset(name, r.language)
	} else if data, err = os.ReadFile(name); errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s is neither a file nor a preset; presets are %v", name, playbook.Presets())
	}
	if err != nil {
		return nil, fmt.Errorf("read playbook: %w", err)
	}
	book, err := playbook.Parse(data, v)
	var problems playbook.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Fprintf(stderr, "%s:%v\n", name, p)
		}
		return nil, fmt.Errorf("%s is not fit to rehearse", name)
	}
	return book, err
}
