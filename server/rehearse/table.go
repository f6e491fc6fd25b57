package rehearse

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the report for people to read, the policies side by side.
func (r *Report) WriteTable(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	t := table{w: w, policies: r.Policies, days: r.Data.Days}
	asked := "nobody asked"
	if len(r.AskOn) > 0 {
		asked = "a score asked for at each " + strings.Join(r.AskOn, ", ")
	}
	fmt.Fprintf(w, "%d events of %d customers in %.1f days, from %s to %s; %s\n\n", r.Data.Events, r.Data.Customers, r.Data.Days,
		r.Data.From.Format("2006-01-02"), r.Data.Until.Format("2006-01-02"), asked)
	t.row("", func(o *Outcome) string { return o.Name })
	t.row("revision", func(o *Outcome) string { return o.Revision })
	t.row("asks", func(o *Outcome) string { return strconv.Itoa(o.Asks) })
	t.row("actions", func(o *Outcome) string { return strconv.Itoa(o.Actions) })
	t.row("  a day", func(o *Outcome) string { return perDay(o.PerDay) })
	t.row("  kept back by the holdout", func(o *Outcome) string { return strconv.Itoa(o.Held) })
	t.row("customers reached", func(o *Outcome) string { return fmt.Sprintf("%d (%s)", o.Reached, percent(1-o.Customer.None)) })
	t.row("contacts a customer", func(o *Outcome) string { return fmt.Sprintf("%.3f", o.Customer.Mean) })
	t.row("  p50, p90, p99, most", func(o *Outcome) string {
		return fmt.Sprintf("%d, %d, %d, %d", o.Customer.P50, o.Customer.P90, o.Customer.P99, o.Customer.Max)
	})
	t.row("  customers without", func(o *Outcome) string { return percent(o.Customer.None) })
	t.row("timers set, moot, fired, waiting", func(o *Outcome) string { return o.Timers.String() })
	t.plays()
	t.withheld()
	t.budgets(r.Budgets)
	if r.Estimate != nil {
		r.Estimate.write(w, r.Policies[0].Name)
	}
	return w.Flush()
}

func (e *Estimate) write(w io.Writer, name string) {
	fmt.Fprintf(w, "\n%s against what was logged, by recorded outcomes: %s", name, e.Verdict)
	if e.Why != "" {
		fmt.Fprintf(w, " (%s)", e.Why)
	}
	fmt.Fprintln(w)
	if e.Decisions == 0 {
		return
	}
	fmt.Fprintf(w, "  samples\t%d actions of %d decisions, worth %.0f of the policy's own\n", e.Samples, e.Decisions, e.Effective)
	for _, line := range []struct {
		head string
		*Interval
	}{{"reward as logged", e.Logged}, {"reward, SNIPS", e.SNIPS}, {"reward, DR", e.DR}, {"gain, SNIPS", e.GainSNIPS}, {"gain, DR", e.GainDR}} {
		if line.Interval != nil {
			fmt.Fprintf(w, "  %s\t%.4f [%.4f, %.4f]\n", line.head, line.Value, line.Low, line.High)
		}
	}
}

func (t Timers) String() string {
	return fmt.Sprintf("%d, %d, %d, %d", t.Set, t.Moot, t.Fired, t.Waiting)
}

func percent(share float64) string { return fmt.Sprintf("%.2f%%", 100*share) }

func perDay(n float64) string { return fmt.Sprintf("%.1f", n) }

type table struct {
	w        io.Writer
	policies []Outcome
	days     float64
}

// row writes a cell for each policy.
func (t *table) row(head string, cell func(*Outcome) string) {
	cells := make([]string, len(t.policies))
	for i := range t.policies {
		cells[i] = cell(&t.policies[i])
	}
	fmt.Fprintf(t.w, "%s\t%s\n", head, strings.Join(cells, "\t"))
}

// section writes a row for each key that any policy has.
func (t *table) section(head string, keys func(*Outcome) []string, cell func(o *Outcome, at int) string) {
	var all []string
	at := make([]map[string]int, len(t.policies))
	for i := range t.policies {
		at[i] = map[string]int{}
		for n, key := range keys(&t.policies[i]) {
			if !known(at[:i], key) {
				all = append(all, key)
			}
			at[i][key] = n
		}
	}
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(t.w, "\n%s\n", head)
	for _, key := range all {
		fmt.Fprintf(t.w, "  %s", key)
		for i := range t.policies {
			text := "-"
			if n, ok := at[i][key]; ok {
				text = cell(&t.policies[i], n)
			}
			fmt.Fprintf(t.w, "\t%s", text)
		}
		fmt.Fprintln(t.w)
	}
}

func known(at []map[string]int, key string) bool {
	for _, keys := range at {
		if _, ok := keys[key]; ok {
			return true
		}
	}
	return false
}

func (t *table) plays() {
	t.section("actions a day by play (actions, customers)", func(o *Outcome) (keys []string) {
		for i := range o.Plays {
			keys = append(keys, o.Plays[i].Name)
		}
		return keys
	}, func(o *Outcome, i int) string {
		return fmt.Sprintf("%s (%d, %d)", perDay(o.Plays[i].PerDay), o.Plays[i].Actions, o.Plays[i].Customers)
	})
}

func (t *table) withheld() {
	t.section("withheld a day (proposals, customers)", func(o *Outcome) (keys []string) {
		for i := range o.Withheld {
			keys = append(keys, strings.TrimSpace(o.Withheld[i].Why+" "+o.Withheld[i].By))
		}
		return keys
	}, func(o *Outcome, i int) string {
		return fmt.Sprintf("%s (%d, %d)", perDay(float64(o.Withheld[i].Proposals)/t.days), o.Withheld[i].Proposals, o.Withheld[i].Customers)
	})
}

func (t *table) budgets(exact string) {
	t.section("budgets, "+exact+" (most used in a window of max; windows used up)", func(o *Outcome) (keys []string) {
		for i := range o.Budgets {
			keys = append(keys, o.Budgets[i].Name+" per "+o.Budgets[i].Per)
		}
		return keys
	}, func(o *Outcome, i int) string {
		b, most := &o.Budgets[i], 0
		for _, w := range b.Windows {
			most = max(most, w.Used)
		}
		return fmt.Sprintf("%d of %d; %d", most, b.Max, b.Full)
	})
}
