package playbook

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

var update = flag.Bool("update", false, "write what the presets hold into README.md")

const tablesBegin, tablesEnd = "<!-- The tables are written by `go test ./server/playbook -update`. -->\n", "<!-- End of the tables. -->"

func TestReadmeTellsWhatPresetsHold(t *testing.T) {
	data, err := os.ReadFile("README.md")
	require.NoError(t, err)
	before, rest, begins := strings.Cut(string(data), tablesBegin)
	_, after, ends := strings.Cut(rest, tablesEnd)
	require.True(t, begins && ends, "README.md has no place for the tables")
	var tables strings.Builder
	for _, name := range Presets() {
		holds(&tables, name, preset(t, name, english), preset(t, name, chinese))
	}
	readme := before + tablesBegin + tables.String() + tablesEnd + after
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(readme), 0o644))
		return
	}
	assert.Equal(t, readme, string(data), "write it with -update")
}

func holds(out *strings.Builder, name string, en, zh *Playbook) {
	fmt.Fprintf(out, "\n### %s\n\n", name)
	q, h := en.QuietHours, en.Holdout
	fmt.Fprintf(out, "Quiet from %s to %s on %s; a holdout of %g%%; %d declines silence an action for %s.\n", clock(q.From), clock(q.To),
		strings.Join(q.Channels, ", "), 100*h.Share, en.Fatigue.Declines, yamlfile.FormatDuration(en.Fatigue.Silence))
	for _, c := range en.Caps {
		fmt.Fprintf(out, "Cap `%s`: %s, %d per %s.\n", c.Name, scopeText(c.Scope), c.Max, periodText(c.Per))
	}
	for _, b := range en.Budgets {
		fmt.Fprintf(out, "Budget `%s`: %s, %d per %s for all customers.\n", b.Name, scopeText(b.Scope), b.Max, periodText(b.Per))
	}
	row(out, "\nPlay", "Fires", "When", "Proposes")
	row(out, "---", "---", "---", "---")
	for _, p := range en.Plays {
		when := ""
		if p.When != nil {
			when = code(p.When.Source())
		}
		row(out, p.Name, trigger(p), when, proposed(p))
	}
	row(out, "\nAction", "Kind", "Channels", "Value", "Cost", "Cooldown", "Says")
	row(out, "---", "---", "---", "---", "---", "---", "---")
	for i, a := range en.Actions {
		cooldown := ""
		if a.Cooldown > 0 {
			cooldown = yamlfile.FormatDuration(a.Cooldown)
		}
		row(out, a.Name, a.Kind, strings.Join(a.Channels, ", "), code(a.Value.Source()), code(a.Cost.Source()), cooldown,
			strings.Join(append(said(zh.Actions[i]), said(a)...), "<br>"))
	}
}

func row(out *strings.Builder, cells ...string) {
	first, rest := strings.TrimLeft(cells[0], "\n"), cells[1:]
	out.WriteString(strings.Repeat("\n", len(cells[0])-len(first)))
	fmt.Fprintf(out, "| %s | %s |\n", first, strings.Join(rest, " | "))
}

func code(source string) string { return "`" + strings.ReplaceAll(source, "|", `\|`) + "`" }

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func scopeText(s Scope) string { return strings.TrimSpace(string(s.By) + " " + s.Name) }

func periodText(p Period) string {
	if p.Rolling > 0 {
		return yamlfile.FormatDuration(p.Rolling)
	}
	return string(p.Calendar)
}

func trigger(p *Play) string {
	switch on := strings.Join(p.On, ", "); p.Trigger {
	case OnAbsence:
		text := fmt.Sprintf("%s after %s unless %s", yamlfile.FormatDuration(p.After), on, strings.Join(p.Unless, ", "))
		if p.Hour != nil {
			text += ", then at hour " + code(p.Hour.Source())
		}
		return text
	case OnDwell:
		return fmt.Sprintf("on %s for longer than %s", p.Dwell.Path, yamlfile.FormatDuration(p.Dwell.LongerThan))
	case OnAsk:
		return "when asked"
	default:
		return on
	}
}

func proposed(p *Play) string {
	var out []string
	for _, one := range p.Propose {
		text := one.Action.Name
		if source := one.Likelihood.Source(); source != "1" {
			text += " at " + code(source)
		}
		out = append(out, text)
	}
	return strings.Join(out, "<br>")
}

// said lists the texts of an action.
func said(a *Action) (out []string) {
	contents := []event.Object{a.Content}
	if len(a.Variants) > 0 {
		contents = nil
		for _, v := range a.Variants {
			contents = append(contents, v.Content)
		}
	}
	for _, c := range contents {
		out = append(out, cmp.Or(c.Find("text").Text(), "(no text)"))
	}
	return out
}
