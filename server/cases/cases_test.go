package cases

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

func TestCases(t *testing.T) {
	files, err := filepath.Glob("*/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	shown := map[string]bool{} // plays, as preset/name, of which a case has an action
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		s, err := read(name, data)
		if err != nil {
			t.Error(err)
			continue
		}
		require.Equal(t, filepath.Dir(name), s.Preset, "%s: the folder is that of the preset", name)
		for _, language := range []string{"zh", "en"} {
			t.Run(strings.TrimSuffix(name, ".yaml")+"/"+language, func(t *testing.T) {
				a := newTeller(t, s, language)
				a.remember()
				a.decided()
				for i := range s.Timeline {
					a.tell(name, &s.Timeline[i])
				}
				for _, play := range a.plays {
					shown[s.Preset+"/"+play] = true
				}
			})
		}
	}
	for _, name := range playbook.Presets() {
		for _, p := range preset(t, name, "en").Plays {
			assert.True(t, shown[name+"/"+p.Name], "no case shows what the play %s of %s does", p.Name, name)
		}
	}
}

func preset(t *testing.T, name, language string) *playbook.Playbook {
	t.Helper()
	file, err := playbook.Preset(name, language)
	require.NoError(t, err)
	book, err := playbook.Parse(file, playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()})
	require.NoError(t, err)
	return book
}

// tell lets one step happen and compares what comes of it.
func (a *teller) tell(name string, s *step) {
	a.t.Helper()
	where := fmt.Sprintf("%s:%d", name, s.line)
	until := a.now.Add(time.Duration(s.Wait))
	if s.At != nil {
		until = a.start.Add(time.Duration(*s.At))
	}
	a.wait(until)
	got, withheld := a.decided(), []happened(nil)
	if !s.waits() {
		assert.Empty(a.t, names(got), "%s: issued before the step; put a wait there", where)
		got, withheld = a.happen(where, s)
		var fresh []happened
		for _, one := range got {
			if !one.Pending {
				fresh = append(fresh, one)
			}
		}
		assert.Equal(a.t, names(fresh), names(a.decided()), "%s: what the journal has of what the answer said", where)
	}
	for _, one := range got {
		a.ids[one.Action] = one.ID
		a.plays = append(a.plays, one.Play)
	}
	a.compare(where, s, got, withheld)
}

func (a *teller) happen(where string, s *step) (got, withheld []happened) {
	a.t.Helper()
	switch {
	case s.Outcome != nil:
		return a.ingest(a.outcome(where, s.Outcome)), nil
	case s.Score != nil:
		return a.score(where, s)
	}
	return a.ingest(a.event(&s.Happening, a.now)), nil
}

func (a *teller) ingest(e event.Event) []happened {
	a.t.Helper()
	in := a.Ingest(a.t.Context(), []event.Event{e})
	require.NoError(a.t, in.Err)
	return actions(a.t, append(append([]byte{'['}, in.Actions...), ']'))
}

func (a *teller) outcome(where string, o *answer) event.Event {
	a.t.Helper()
	id := a.ids[o.Action]
	require.NotEmpty(a.t, id, "%s: %s was never issued", where, o.Action)
	properties := map[string]any{"action_id": id}
	if o.Value != 0 {
		properties["value"] = o.Value
	}
	return a.event(&Happening{Event: outcomes[o.Outcome], Properties: properties}, a.now)
}

func (a *teller) score(where string, s *step) (got, withheld []happened) {
	a.t.Helper()
	moment, err := event.DecodeObject(object(s.Score.Context, a.language))
	require.NoError(a.t, err, where)
	r := live.Request{
		Customer: a.story.Customer.ID, Moment: features.Moment{Channel: s.Score.Channel, Context: moment},
		Actions: live.Wish{Max: s.Score.Max, Kinds: s.Score.Kinds},
	}
	if s.Event != "" {
		r.Events = []event.Event{a.event(&s.Happening, a.now)}
	}
	answers := make([]live.Answer, 1)
	require.NoError(a.t, a.Score([]live.Request{r}, answers), where)
	if s.Expect.Tags != nil {
		assert.ElementsMatch(a.t, s.Expect.Tags, answers[0].Tags, "%s: tags", where)
	}
	assert.Empty(a.t, answers[0].Degraded, where)
	return actions(a.t, answers[0].Actions), actions(a.t, answers[0].Withheld)
}

func actions(t *testing.T, raw []byte) (out []happened) {
	t.Helper()
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &out), "%s", raw)
	}
	return out
}

func names(all []happened) []string {
	out := []string{}
	for _, one := range all {
		out = append(out, one.Action)
	}
	return out
}

// compare holds what came of a step to what the case expects; a step that expects no action must have none.
func (a *teller) compare(where string, s *step, got, withheld []happened) {
	a.t.Helper()
	why := map[string]string{}
	for _, one := range withheld {
		why[one.Action] = strings.TrimSuffix(one.Why+" by "+one.By, " by ")
	}
	want := []string{}
	for _, one := range s.Expect.Actions {
		want = append(want, one.Action)
	}
	if !assert.Equal(a.t, want, names(got), "%s: actions; withheld were %v", where, why) {
		return
	}
	for i, one := range s.Expect.Actions {
		a.same(where, &one, &got[i])
	}
	for name, expected := range s.Expect.Withheld {
		got := why[name]
		if _, by := reason(expected); by == "" {
			got, _ = reason(got)
		}
		assert.Equal(a.t, expected, got, "%s: why %s was withheld", where, name)
	}
}

func (a *teller) same(where string, want *issued, got *happened) {
	a.t.Helper()
	if want.Channel != "" {
		assert.Equal(a.t, want.Channel, got.Channel, "%s: channel of %s", where, got.Action)
	}
	assert.Equal(a.t, want.Pending, got.Pending, "%s: whether %s was issued before", where, got.Action)
	if said := want.Says.in(a.language); len(want.Says.Zh)+len(want.Says.En) > 0 {
		assert.Contains(a.t, []string(said), got.Content["text"], "%s: what %s says in %s", where, got.Action, a.language)
	}
	for key, value := range want.Has {
		assert.Equal(a.t, fmt.Sprint(localised(value, a.language)), fmt.Sprint(got.Content[key]), "%s: %s of %s", where, key, got.Action)
	}
}
