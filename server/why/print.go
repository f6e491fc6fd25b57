package why

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// record is what Print shows of a decision's record.
type record struct {
	Asked       bool
	Channel     string
	Events      []json.RawMessage
	State       string
	Vector      string
	Predictions map[string]struct {
		Score       *float64
		Band, Model string
	}
	Failed      []string
	Fired       []struct{ Play string }
	Budgets     []struct{ Budget, Answer string }
	Draws       []draw
	Withheld    []withheld
	Actions     []action
	HeldActions []action `json:"held_actions"`
	Revisions   struct{ Features, Playbook string }
	Degraded    []string
}

type draw struct {
	Choice, Segment, Arm string
	Propensity           float64
	Row                  string
}

type withheld struct {
	Action, Play, Why, By, Until string
	Worth                        *float64
}

type action struct {
	Action, Kind, Channel, Play string
	Variant                     *string
	Worth                       *float64
	Likelihood                  *float64
	Propensity                  float64
	WorthOf                     struct{ Value, Weight, Cost float64 } `json:"worth_of"`
	Reasons                     []struct{ Text string }
}

// Print shows every step of a decision as its record has it, and what came of making it again.
func Print(w io.Writer, report *Report) error {
	var r record
	if err := json.Unmarshal(report.Record, &r); err != nil {
		return fmt.Errorf("read the decision's record: %w", err)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	who := "asked for"
	if !r.Asked {
		who = "nobody asked"
	}
	fmt.Fprintf(t, "decision\t%s, for %s at %s, %s on %q\n", report.DecisionID, report.CustomerID, report.At, who, r.Channel)
	fmt.Fprintf(t, "revisions\tfeatures %s, playbook %s\n", r.Revisions.Features, r.Revisions.Playbook)
	fmt.Fprintf(t, "state\t%d bytes, %d events folded into it\n", len(r.State)/4*3, len(r.Events))
	fmt.Fprintf(t, "vector\t%s%s\n", r.Vector, report.mark("vector"))
	r.scores(t, report)
	var fired []string
	for _, f := range r.Fired {
		fired = append(fired, f.Play)
	}
	fmt.Fprintf(t, "fired\t%s%s\n", or(strings.Join(fired, ", "), "nothing but what waits to be asked"), report.mark("fired"))
	for _, b := range r.Budgets {
		fmt.Fprintf(t, "budget\t%s: %s%s\n", b.Budget, b.Answer, report.mark("budgets"))
	}
	for _, d := range r.Draws {
		fmt.Fprintf(t, "drawn\t%s of %s, with probability %.4g, from row %s%s\n", d.Arm, d.Choice, d.Propensity, d.Row, report.mark("draws"))
	}
	for i := range r.Actions {
		r.Actions[i].print(t, "issued", report.mark("actions"))
	}
	for i := range r.HeldActions {
		r.HeldActions[i].print(t, "held back", report.mark("held_actions"))
	}
	for i := range r.Withheld {
		r.Withheld[i].print(t, report.mark("withheld"))
	}
	if len(r.Degraded) > 0 {
		fmt.Fprintf(t, "degraded\t%s\n", strings.Join(r.Degraded, ", "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if report.Identical {
		_, err := fmt.Fprintln(w, "identical")
		return err
	}
	_, err := fmt.Fprintf(w, "different: %s\n", report.Difference)
	return err
}

func (r *record) scores(t io.Writer, report *Report) {
	var tasks []string
	for task := range r.Predictions {
		tasks = append(tasks, task)
	}
	slices.Sort(tasks)
	for _, task := range tasks {
		p := r.Predictions[task]
		if slices.Contains(r.Failed, task) {
			fmt.Fprintf(t, "prediction\t%s: the model %s had failed, so no play could read it\n", task, p.Model)
			continue
		}
		fmt.Fprintf(t, "prediction\t%s: %s, %s, by %s%s\n", task, number(p.Score), p.Band, p.Model, report.mark("predictions"))
	}
}

func (a *action) print(t io.Writer, what, mark string) {
	variant := ""
	if a.Variant != nil {
		variant = ", variant " + *a.Variant
	}
	fmt.Fprintf(t, "%s\t%s by %s: worth %s = %s x %g x %g - %g, on %s%s, with probability %.4g%s\n", what, a.Action, a.Play, number(a.Worth),
		number(a.Likelihood), a.WorthOf.Value, a.WorthOf.Weight, a.WorthOf.Cost, a.Channel, variant, a.Propensity, mark)
	for _, r := range a.Reasons {
		fmt.Fprintf(t, "\t- %s\n", r.Text)
	}
}

func (h *withheld) print(t io.Writer, mark string) {
	why := h.Why
	if h.By != "" {
		why += " by " + h.By
	}
	if h.Until != "" {
		why += " until " + h.Until
	}
	fmt.Fprintf(t, "withheld\t%s by %s: worth %s, %s%s\n", h.Action, h.Play, number(h.Worth), why, mark)
}

// mark points out a step that came out otherwise.
func (r *Report) mark(step string) string {
	for i := range r.Steps {
		if r.Steps[i].Name == step && !r.Steps[i].Same {
			return "  (otherwise when made again)"
		}
	}
	return ""
}

func number(x *float64) string {
	if x == nil {
		return "missing"
	}
	return fmt.Sprintf("%.4g", *x)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
