package label_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/label"
)

// Times in these tests are minutes after this one.
var start = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

func minute(m int) int64 { return start.Add(time.Duration(m) * time.Minute).UnixMilli() }

// history reads events written as "minute name", in order of arrival, with context fields k=v and the minute of arrival as >minute behind them.
func history(t testing.TB, lines ...string) []event.Event {
	t.Helper()
	var out []event.Event
	for i, line := range lines {
		words := strings.Fields(line)
		m, err := strconv.Atoi(words[0])
		require.NoError(t, err)
		e := event.Event{ID: fmt.Sprint(i), Name: words[1], At: minute(m), ReceivedAt: minute(m)}
		for _, word := range words[2:] {
			if arrived, ok := strings.CutPrefix(word, ">"); ok {
				m, err := strconv.Atoi(arrived)
				require.NoError(t, err)
				e.ReceivedAt = minute(m)
				continue
			}
			k, v, _ := strings.Cut(word, "=")
			e.Context = e.Context.Set(k, event.StringValue(v))
		}
		out = append(out, e)
	}
	return out
}

func definition(t testing.TB, lines ...string) *label.Definition {
	t.Helper()
	d, err := label.Parse("test.yaml", []byte("version: 1\nname: test\n"+strings.Join(lines, "\n")))
	require.NoError(t, err)
	return d
}

// told writes points as "index@minute=label", the index of the calendar as c, with *minute behind it where the horizon ends.
func told(points []label.Point) []string {
	out := []string{}
	for _, p := range points {
		after := "c"
		if p.After != label.Calendar {
			after = strconv.Itoa(p.After)
		}
		ends := ""
		switch p.Ends {
		case 0:
		case label.Never:
			ends = "*never"
		default:
			ends = fmt.Sprintf("*%d", (p.Ends-start.UnixMilli())/60_000)
		}
		out = append(out, fmt.Sprintf("%s@%d=%v%s", after, (p.At-start.UnixMilli())/60_000, p.Label, ends))
	}
	return out
}

func TestPoints(t *testing.T) {
	const buys = "positive: {event: Buy}"
	for name, tc := range map[string]struct {
		file    []string
		history []string
		points  []string
	}{
		"a duration holds its last instant and nothing later": {
			file:    []string{"points: {after: Ask}", buys, "horizon: {duration: 10m}"},
			history: []string{"0 Ask", "1 Ask", "11 Buy", "12 Ask"},
			points:  []string{"0@0=0*10", "1@1=1*11", "3@12=0*22"},
		},
		"of one instant, arrival tells what came after": {
			file:    []string{"points: {after: Ask}", buys, "horizon: {duration: 10m}"},
			history: []string{"5 Buy", "5 Ask", "20 Ask", "20 Buy"},
			points:  []string{"1@5=0*15", "2@20=1*30"},
		},
		"what happened before is no answer, though it arrived later": {
			file:    []string{"points: {after: Ask}", buys, "horizon: {duration: 10m}"},
			history: []string{"5 Ask", "4 Buy"},
			points:  []string{"0@5=0*15"},
		},
		"a late event is read at the newest time": {
			file:    []string{"points: {after: Ask}", buys, "horizon: {duration: 10m}"},
			history: []string{"30 Look", "5 Ask", "20 Buy", "35 Buy"},
			points:  []string{"1@30=1*40"},
		},
		"none turns it round": {
			file:    []string{"points: {after: Ask}", "positive: {event: Buy, none: true}", "horizon: {duration: 10m}"},
			history: []string{"0 Ask", "5 Buy", "6 Ask"},
			points:  []string{"0@0=0*10", "2@6=1*16"},
		},
		"from is included, until is not, the first is skipped": {
			file:    []string{"points: {after: Ask, skip_first: true, from: 2020-01-01T00:02:00Z, until: 2020-01-01T00:04:00Z}", buys, "horizon: {duration: 10m}"},
			history: []string{"2 Ask", "2 Ask", "3 Ask", "4 Ask"},
			points:  []string{"1@2=0*12", "2@3=0*13"},
		},
		"having": {
			file:    []string{"points: {after: [Ask, {event: Look, where: context.page == 'home'}], having: Add}", buys, "horizon: {duration: 10m}"},
			history: []string{"0 Ask", "1 Add", "2 Look page=home", "3 Look page=list", "4 Ask"},
			points:  []string{"2@2=0*12", "4@4=0*14"},
		},
		"the next three": {
			file:    []string{"points: {after: Ask}", "positive: {event: Ask, where: context.mood == 'bad'}", "horizon: {next: {event: Ask, n: 3}}"},
			history: []string{"0 Ask", "1 Ask", "2 Look mood=bad", "3 Ask", "4 Ask", "5 Ask mood=bad"},
			points:  []string{"0@0=0", "1@1=1", "3@3=1*never", "4@4=1*never", "5@5=0*never"},
		},
		"at least one": {
			file:    []string{"points: {after: Ask}", "positive: {event: Ask, where: context.mood == 'bad'}", "horizon: {next: {event: Ask, n: 3, at_least: 1}}"},
			history: []string{"0 Ask", "1 Ask mood=bad", "2 Ask"},
			points:  []string{"0@0=1", "1@1=0", "2@2=0*never"},
		},
		"sessions end by silence": {
			file:    []string{"session: 10m", "points: {after: Ask}", buys, "horizon: session_end"},
			history: []string{"0 Ask", "10 Look", "21 Buy", "22 Ask", "25 Buy"},
			points:  []string{"0@0=0*20", "3@22=1*35"},
		},
		"sessions may run side by side": {
			file:    []string{"session: context.s", "points: {after: Ask}", buys, "horizon: session_end"},
			history: []string{"0 Ask s=a", "1 Ask s=b", "2 Ask", "3 Buy s=a", "4 Look s=b"},
			points:  []string{"0@0=1*33", "1@1=0*34"},
		},
		"skip the first of each session": {
			file:    []string{"session: context.s", "points: {after: Ask, skip_first: true}", buys, "horizon: {next: {event: Ask, n: 1}}"},
			history: []string{"0 Ask s=a", "1 Ask s=a", "2 Ask s=b", "3 Buy s=b", "4 Ask s=b"},
			points:  []string{"1@1=0*never", "4@4=0*never"},
		},
		"a calendar knows what had happened and arrived": {
			file:    []string{"points: {at: ['2020-01-01T00:10:00Z', '2020-01-01T00:20:00Z'], having: Buy}", buys, "horizon: {duration: 15m}"},
			history: []string{"9 Buy >11", "20 Buy", "21 Look", "35 Buy"},
			points:  []string{"c@20=1*35"},
		},
		"a calendar looks strictly behind its instant": {
			file:    []string{"points: {every: 10m, from: '2020-01-01T00:10:00Z', until: '2020-01-01T00:30:00Z'}", buys, "horizon: {duration: 10m}"},
			history: []string{"5 Look", "10 Buy", "20 Look", "30 Buy"},
			points:  []string{"c@10=0*20", "c@20=1*30"},
		},
		"a calendar in another order of arrival": {
			file:    []string{"points: {at: '2020-01-01T00:10:00Z'}", buys, "horizon: {duration: 10m}"},
			history: []string{"30 Look", "15 Buy", "5 Look"},
			points:  []string{"c@10=1*20"},
		},
		"a calendar counts the next": {
			file:    []string{"points: {at: '2020-01-01T00:10:00Z'}", buys, "horizon: {next: {event: Look, n: 2}}"},
			history: []string{"5 Look", "15 Look", "16 Buy", "17 Look", "18 Buy"},
			points:  []string{"c@10=1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := definition(t, tc.file...).NewFinder().Points("c", history(t, tc.history...))
			assert.Equal(t, tc.points, told(got))
		})
	}
}

func TestWholeDaysKeepToTheClock(t *testing.T) {
	d := definition(t, "timezone: Europe/London", "points: {every: 1d, from: 2020-03-28, until: 2020-03-31}", "positive: {event: Buy}", "horizon: {duration: 1h}")
	var got []string
	for _, p := range d.NewFinder().Points("c", history(t, "0 Look")) {
		got = append(got, time.UnixMilli(p.At).UTC().Format("02 15:04"))
	}
	assert.Equal(t, []string{"28 00:00", "29 00:00", "29 23:00"}, got)
}

func TestKeysAreThoseOfTheEventAtThePoint(t *testing.T) {
	d := definition(t, "points: {after: Ask}", "positive: {event: Buy}", "horizon: {duration: 10m}", "keys: {page: context.page, event: name}")
	got := d.NewFinder().Points("c", history(t, "0 Ask page=home", "1 Ask", "2 Look page=list"))
	require.Len(t, got, 2)
	assert.Equal(t, []string{"page", "event"}, d.Keys)
	assert.Equal(t, []string{"home", "Ask"}, got[0].Keys)
	assert.Equal(t, []string{"", "Ask"}, got[1].Keys)
}

func TestPrefixes(t *testing.T) {
	d := definition(t, "session: context.s", "points: {random_prefix_of: session, having: Add, before: Buy, per_session: 3, seed: 7}", "positive: {event: Buy}", "horizon: session_end")
	a := []string{"0 Look s=a", "1 Add s=a", "2 Look s=a", "3 Look s=a", "4 Look s=a", "5 Buy s=a", "6 Look s=a"}
	b := []string{"40 Look s=b", "41 Look s=b", "42 Add s=b", "43 Look s=b"}
	none := []string{"80 Look s=c", "81 Buy s=c"}
	finder := d.NewFinder()
	got := slices.Clone(finder.Points("c", history(t, slices.Concat(a, b, none)...)))

	var draws [2][]int32
	for _, p := range got {
		if p.After < len(a) {
			assert.Contains(t, []int{1, 2, 3, 4}, p.After, "between the first Add and the Buy")
			assert.EqualValues(t, 1, p.Label)
			draws[0] = append(draws[0], p.Draw)
		} else {
			assert.Contains(t, []int{9, 10}, p.After)
			assert.EqualValues(t, 0, p.Label)
			draws[1] = append(draws[1], p.Draw)
		}
	}
	assert.ElementsMatch(t, []int32{0, 1, 2}, draws[0], "three different draws")
	assert.ElementsMatch(t, []int32{0, 1}, draws[1], "as many as there are")
	assert.True(t, slices.IsSortedFunc(got, func(a, b label.Point) int { return a.After - b.After }))

	alone := finder.Points("c", history(t, a...))
	assert.Equal(t, told(got[:3]), told(alone), "a session's draws do not depend on the others")
	assert.Empty(t, finder.Points("c", history(t, none...)))
}

// TestPrefixesAreUniform draws from many sessions of four candidates: each has to come first about as often.
func TestPrefixesAreUniform(t *testing.T) {
	d := definition(t, "session: context.s", "points: {random_prefix_of: session, seed: 7}", "positive: {event: Buy}", "horizon: session_end")
	finder, counts := d.NewFinder(), make([]int, 4)
	events := history(t, "0 A s=x", "1 B s=x", "2 C s=x", "3 D s=x")
	const customers = 20_000
	for i := range customers {
		for _, p := range finder.Points(fmt.Sprint("customer ", i), events) {
			counts[p.After]++
		}
	}
	for _, n := range counts {
		assert.InDelta(t, customers/4, n, 300, "five standard deviations")
	}
}

func TestSnapshot(t *testing.T) {
	events := history(t, "0 A", "7 B", "5 C")
	got := label.Snapshot(time.Time{}).NewFinder().Points("c", events)
	assert.Equal(t, []string{"2@7=NaN"}, told(got))
	got = label.Snapshot(start.Add(6*time.Minute)).NewFinder().Points("c", events)
	assert.Equal(t, []string{"c@6=NaN"}, told(got))
}
