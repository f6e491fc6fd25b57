package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/features/dataset"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/metric"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// evaluation is what the evaluate command was asked for.
type evaluation struct {
	bundle, set, from, until, library string
	draw                              int
}

func evaluateCommand() *cobra.Command {
	var e evaluation
	cmd := &cobra.Command{
		Use: "evaluate --bundle DIR --set FILE", Short: "Judge a bundle on a replayed set, as JSON", Args: cobra.NoArgs,
		Long: `Judge a bundle on a set made by halfstep replay and print the metrics as JSON. The set's features must be those that the
bundle was trained on. --from, --until and --draw choose the rows of a test part.`,
	}
	f := cmd.Flags()
	f.StringVar(&e.bundle, "bundle", "", "folder of the bundle")
	f.StringVar(&e.set, "set", "", "Parquet file written by halfstep replay")
	f.StringVar(&e.from, "from", "", "only rows at or after this time (RFC 3339)")
	f.StringVar(&e.until, "until", "", "only rows before this time (RFC 3339)")
	f.IntVar(&e.draw, "draw", -1, "only rows of this draw, of a set of random prefixes; -1 all")
	f.StringVar(&e.library, "library", "", "ONNX Runtime's shared library (the one in the binary, or in the checkout)")
	for _, name := range []string{"bundle", "set"} {
		_ = cmd.MarkFlagRequired(name) // fails only when there is no such flag
	}
	cmd.RunE = runs(func(cmd *cobra.Command, _ []string) error {
		report, err := e.run(cmd.Context())
		if err != nil {
			return err
		}
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	})
	return cmd
}

// evaluated is what the command prints.
type evaluated struct {
	Model string `json:"model"`
	Set   string `json:"set"`
	metric.Report
}

func (e *evaluation) run(ctx context.Context) (report evaluated, err error) {
	set, err := dataset.Read(e.set)
	if err != nil {
		return report, err
	}
	rows, err := e.rows(set)
	if err != nil {
		return report, err
	}
	runtime, err := ort.Start(ort.Options{Library: e.library})
	if err != nil {
		return report, err
	}
	model, err := models.Load(ctx, os.DirFS(e.bundle), columns{set}, runtime)
	if errors.Is(err, bundle.ErrKind) {
		return report, fmt.Errorf("%s reads text, and a replayed set has none: its own figures are in its README.md", e.bundle)
	}
	if err != nil {
		return report, fmt.Errorf("%s on %s: %w", e.bundle, e.set, err)
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	scores, labels, err := score(ctx, model, set, rows)
	if err != nil {
		return report, err
	}
	report = evaluated{Model: model.ID(), Set: e.set}
	report.Report, err = metric.Evaluate(scores, labels)
	return report, err
}

// rows chooses the rows of the set that are asked for.
func (e *evaluation) rows(set *dataset.Set) (rows []int, err error) {
	from, until := int64(math.MinInt64), int64(math.MaxInt64)
	for _, bound := range []struct {
		flag, text string
		at         *int64
	}{{"from", e.from, &from}, {"until", e.until, &until}} {
		if bound.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, bound.text)
		if err != nil {
			return nil, fmt.Errorf("--%s: expected an RFC 3339 time such as 2026-01-31T00:00:00Z, got %q", bound.flag, bound.text)
		}
		*bound.at = t.UnixMilli()
	}
	if e.draw >= 0 && set.Draws == nil {
		return nil, fmt.Errorf("--draw: the set has no draws")
	}
	for i := range set.Rows() {
		if set.At[i] >= from && set.At[i] < until && (e.draw < 0 || int(set.Draws[i]) == e.draw) {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("no row of the set is chosen; look at --from, --until and --draw")
	}
	return rows, nil
}

func score(ctx context.Context, model *models.Model, set *dataset.Set, rows []int) (scores []float32, labels []uint8, err error) {
	vectors := make([][]float32, len(rows))
	for i, row := range rows {
		vectors[i] = set.Vector(row)
	}
	for i, p := range models.PredictBatch(ctx, nil, []*models.Model{model}, vectors) {
		label := set.Labels[rows[i]]
		if p.Err != nil {
			return nil, nil, fmt.Errorf("row %d: %w", rows[i], p.Err)
		}
		if label != 0 && label != 1 {
			return nil, nil, fmt.Errorf("row %d: the label is %v, expected 0 or 1; was the set made with --labels?", rows[i], label)
		}
		scores, labels = append(scores, p.Score), append(labels, uint8(label))
	}
	return scores, labels, nil
}

// columns shows a set to a bundle as the FeatureSet that it was made with.
type columns struct{ set *dataset.Set }

// Lookup implements bundle.Features.
func (c columns) Lookup(name string) (hash string, ok bool) {
	i, ok := c.Index(name)
	if !ok {
		return "", false
	}
	return c.set.Features.Columns[i].Hash, true
}

// Index implements bundle.Features.
func (c columns) Index(name string) (int, bool) {
	for i := range c.set.Features.Columns {
		if c.set.Features.Columns[i].Name == name {
			return i, true
		}
	}
	return 0, false
}
