package decide

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// saturday noon in Shanghai.
var noon = time.Date(2026, 1, 31, 4, 0, 0, 0, time.UTC)

var vocabulary = playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()}

func parse(t testing.TB, head, actions string, plays ...string) *playbook.Playbook {
	t.Helper()
	source := "version: 1\ntimezone: Asia/Shanghai\n" + head + "\nactions:\n  " + strings.ReplaceAll(strings.TrimSpace(actions), "\n", "\n  ") + "\nplays:\n"
	for _, p := range plays {
		source += "  - " + p + "\n"
	}
	book, err := playbook.Parse([]byte(source), vocabulary)
	require.NoError(t, err, source)
	return book
}

// asked is customer c asking on the web at noon.
func asked(book *playbook.Playbook) *Input {
	return &Input{
		Playbook: book, Facts: &playbook.Facts{Vector: make([]float32, vocabulary.Features.Len()), Channel: "web", Customer: playbook.Customer{ID: "c"}},
		Now: noon.UnixMilli(), Asked: true, Max: 3, Decision: "0000-D",
	}
}

func decide(in *Input) (issued []string, withheld map[string]string) {
	withheld = map[string]string{}
	o := new(Decider).Decide(in)
	for _, a := range o.Actions {
		if !o.Held || a.Staff {
			issued = append(issued, a.Name)
		}
	}
	for _, w := range o.Withheld {
		by := string(w.Why)
		if w.By != "" {
			by += " " + w.By
		}
		if w.Until != 0 {
			by += " " + time.UnixMilli(w.Until).UTC().Format("01-02 15:04")
		}
		withheld[w.Name] = by
	}
	return issued, withheld
}

func before(d time.Duration) int64 { return noon.Add(-d).UnixMilli() }

func contact(action, kind, channel string, ago time.Duration) features.Contact {
	return features.Contact{ID: fmt.Sprintf("0000-%s-%v.1", action, ago), Action: action, Kind: kind, Channel: channel, Play: "p", At: before(ago)}
}

func view(path string) *event.Event {
	return &event.Event{Name: "Page Viewed", Channel: "web", Properties: event.Object{{Key: "path", Value: event.StringValue(path)}}}
}
