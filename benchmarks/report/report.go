// Package report holds what the benchmarks measured against what is expected of them.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Row is one figure with its bounds.
type Row struct {
	Name     string  `json:"name"` // as --only takes it
	What     string  `json:"what"`
	Unit     string  `json:"unit,omitempty"` // empty: a ratio
	Measured float64 `json:"measured"`
	Must     float64 `json:"must"`
	Aim      float64 `json:"aim"`
	// Verdict is filled in by Judge.
	Verdict string `json:"verdict"`
	// More is measured at the same time and has bounds of its own where they are not zero.
	More []Row `json:"more,omitempty"`
	// Details are figures that explain the one above.
	Details map[string]float64 `json:"details,omitempty"`
}

// The verdicts.
const (
	Aim    = "aim"    // as good as was hoped for
	Must   = "must"   // good enough
	Missed = "missed" // not good enough
)

// Judge compares a row with its bounds. An aim above the must says that more is better.
func (r *Row) Judge() {
	for i := range r.More {
		r.More[i].Judge()
	}
	if r.Must == 0 && r.Aim == 0 {
		return
	}
	atLeast := func(bound float64) bool { return r.Measured <= bound }
	if r.Aim > r.Must {
		atLeast = func(bound float64) bool { return r.Measured >= bound }
	}
	switch {
	case atLeast(r.Aim):
		r.Verdict = Aim
	case atLeast(r.Must):
		r.Verdict = Must
	default:
		r.Verdict = Missed
	}
}

// Report is one run of the benchmarks.
type Report struct {
	Command  string            `json:"command"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Rows     []Row             `json:"rows"`
}

var english = message.NewPrinter(language.English) // groups thousands

// Print writes the rows as a table.
func Print(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tmeasured\tmust\taim\tverdict")
	for _, r := range rows {
		for i, line := range append([]Row{r}, r.More...) {
			if i > 0 {
				line.What = "  " + line.What
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", line.What, quantity(line.Measured, line.Unit), bound(line, line.Must), bound(line, line.Aim), line.Verdict)
		}
	}
	return t.Flush()
}

func bound(r Row, value float64) string {
	if r.Must == 0 && r.Aim == 0 {
		return ""
	}
	return quantity(value, r.Unit)
}

// quantity shows three significant digits, and whole numbers whole.
func quantity(v float64, unit string) string {
	text := strconv.FormatFloat(v, 'g', 3, 64)
	if v >= 100 || v == math.Trunc(v) {
		text = english.Sprintf("%.0f", v)
	}
	if unit == "" {
		return text
	}
	return text + " " + unit
}

// Write writes the report as JSON.
func (r *Report) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
