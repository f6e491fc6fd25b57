package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/app"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// explaining is what the playbook explain command was asked for.
type explaining struct {
	person
	features, event string
}

func explainPlaybook() *cobra.Command {
	var x explaining
	cmd := &cobra.Command{
		Use: "explain FILE --customer ID", Short: "Say which plays would fire now for a customer, and what stops each of the others",
		Long: `Say which plays of a file would fire now for a customer of a running server, and which clause stops each of the others. A play
that waits for an event is looked at as if one came now: with --event that one, otherwise one of which nothing is known but its name, and
clauses that read more of it are left open. Caps, cooldowns and whatever else withholds an action are not looked at: POST /score with
mode preview says them.`,
		Args: cobra.ExactArgs(1),
	}
	f := cmd.Flags()
	f.StringVar(&x.id, "customer", "", "the customer_id, or an anonymous_id behind anon:")
	f.StringVar(&x.url, "url", "http://127.0.0.1:8080", "the server")
	f.StringVar(&x.key, "key", os.Getenv("HALFSTEP_KEY"), "API key of role score, when the server wants one (HALFSTEP_KEY)")
	f.StringVar(&x.features, "features", "", "the server's features file (the one that ships)")
	f.StringVar(&x.channel, "channel", "", "channel that the customer is on")
	f.StringVar(&x.context, "context", "", "facts of the moment, as a JSON object")
	f.StringVar(&x.event, "event", "", `an event that comes now, as {"event":"Product Added","properties":{"price":9.5}}`)
	f.Lookup("key").DefValue = ""
	_ = cmd.MarkFlagRequired("customer") // fails only for a flag that is not there
	cmd.RunE = runs(func(cmd *cobra.Command, args []string) error { return x.run(cmd, args[0]) })
	return cmd
}

func (x *explaining) run(cmd *cobra.Command, file string) error {
	set, err := app.LoadFeatures(x.features)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read playbook: %w", err)
	}
	known, err := x.ask(cmd.Context())
	if err != nil {
		return err
	}
	if known.Revisions.Features != set.Revision() {
		return fmt.Errorf("the server reads features of revision %s, these are %s: name its file with --features", known.Revisions.Features, set.Revision())
	}
	tasks := playbook.StandardTasks()
	for task := range known.Predictions {
		if !slices.Contains(tasks, task) {
			tasks = append(tasks, task)
		}
	}
	book, err := playbook.Parse(data, playbook.Vocabulary{Features: set, Tasks: tasks})
	if err != nil {
		return fmt.Errorf("%s is not fit to serve:\n%w", file, err)
	}
	moment, err := known.facts(set, tasks, x)
	if err != nil {
		return err
	}
	var out strings.Builder
	for _, p := range book.Plays {
		moment.explain(&out, p)
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), out.String())
	return err
}

// moment is what conditions read, by name too.
type moment struct {
	playbook.Facts
	numbers map[string]float64 // by name, as in features.cart_value
	event   *event.Event       // nil: none was given
}

// explain says whether a play would fire.
func (m *moment) explain(out *strings.Builder, p *playbook.Play) {
	m.Event = nil
	given := m.event != nil && slices.Contains(p.On, m.event.Name)
	if given {
		m.Event = m.event
	} else if len(p.On) > 0 {
		m.Event = &event.Event{Name: p.On[0]}
	}
	var open []string
	for _, clause := range p.Clauses {
		if !given && readsEvent(p, clause.Variables()) {
			open = append(open, clause.Source())
			continue
		}
		if !clause.Eval(&m.Facts) {
			fmt.Fprintf(out, "stopped  %s (%s): %s%s\n", p.Name, occasion(p), clause.Source(), m.values(clause.Variables()))
			return
		}
	}
	fmt.Fprintf(out, "fires    %s (%s): ", p.Name, occasion(p))
	for i := range p.Propose {
		proposal := &p.Propose[i]
		if i > 0 {
			out.WriteString(", ")
		}
		fmt.Fprintf(out, "%s worth %s", proposal.Action.Name, number(proposal.Worth(&m.Facts).Total))
	}
	if len(open) > 0 {
		fmt.Fprintf(out, "; if the event has it that %s", strings.Join(open, ", and "))
	}
	out.WriteByte('\n')
}

// readsEvent says whether a clause reads more of the play's event than is known when none was given: its name, if only one will do.
func readsEvent(p *playbook.Play, variables []string) bool {
	return len(p.On) > 0 && slices.ContainsFunc(variables, func(name string) bool {
		return strings.HasPrefix(name, "event.") && (name != "event.name" || len(p.On) > 1)
	})
}

// occasion is what a play waits for.
func occasion(p *playbook.Play) string {
	on := strings.Join(p.On, " or ")
	switch p.Trigger {
	case playbook.OnEvent:
		return "on " + on
	case playbook.OnAbsence:
		return fmt.Sprintf("%s after %s without %s", short(p.After), on, strings.Join(p.Unless, " or "))
	case playbook.OnDwell:
		return short(p.Dwell.LongerThan) + " on " + p.Dwell.Path
	}
	return "when asked"
}

// short is a duration without the zeros at its end.
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// values is what the variables of a clause were, as far as they are numbers or tags.
func (m *moment) values(variables []string) string {
	var said []string
	for _, name := range variables {
		room, _, _ := strings.Cut(name, ".")
		switch room {
		case "features", "predictions", "intents":
			x, ok := m.numbers[name]
			if !ok {
				x = math.NaN()
			}
			said = append(said, name+" is "+number(x))
		case "tags":
			said = append(said, "tags are ["+strings.Join(m.Tags, ", ")+"]")
		case "channel":
			said = append(said, fmt.Sprintf("channel is %q", m.Channel))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return "; " + strings.Join(said, ", ")
}

func number(x float64) string {
	if math.IsNaN(x) {
		return "missing"
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}
