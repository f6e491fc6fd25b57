package rehearse_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/source"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/rehearse"
)

var monday = time.Date(2026, 1, 26, 9, 0, 0, 0, time.UTC)

// story is a file of events being written.
type story struct {
	strings.Builder
	n int
}

// on has a customer do something so long after Monday morning.
func (s *story) on(after time.Duration, customer, event string) {
	s.n++
	fmt.Fprintf(s, `{"id":"e%d","event":%q,"customer_id":%q,"channel":"web","at":%q}`+"\n",
		s.n, event, customer, monday.Add(after).Format(time.RFC3339Nano))
}

func (s *story) input(t *testing.T) replay.Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(s.String()), 0o600))
	files, err := source.Open([]string{path}, source.Options{})
	require.NoError(t, err)
	return replay.Files(files)
}

func policy(t *testing.T, name, text string) rehearse.Policy {
	t.Helper()
	book, err := playbook.Parse([]byte("version: 1\ntimezone: UTC\n"+text), playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()})
	require.NoError(t, err)
	return rehearse.Policy{Name: name, Playbook: book}
}

func run(t *testing.T, s *story, askOn []string, policies ...rehearse.Policy) *rehearse.Report {
	t.Helper()
	report, err := rehearse.Run(t.Context(), s.input(t), policies, rehearse.Options{
		Features: features.Default(), AskOn: askOn, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return report
}

const fees = `
actions: {coupon: {kind: coupon, channels: [web], value: 5, cost: 1}}
plays: [{name: fee, on: Shipping Fee Viewed, propose: [coupon]}]
`

func TestACapOfOneAndOneOfThree(t *testing.T) {
	var s story
	for _, customer := range []string{"a", "b"} {
		for i := range 5 {
			s.on(time.Duration(i)*time.Hour, customer, "Shipping Fee Viewed")
		}
	}
	s.on(6*time.Hour, "c", "Page Viewed")
	capped := func(n int) string {
		return fmt.Sprintf("caps: [{name: daily, scope: all, max: %d, per: day}]%s", n, fees)
	}
	r := run(t, &s, nil, policy(t, "one", capped(1)), policy(t, "three", capped(3)))
	one, three := r.Policies[0], r.Policies[1]
	require.Equal(t, rehearse.Spread{None: 1. / 3, Mean: 2. / 3, P50: 1, P90: 1, P99: 1, Max: 1}, one.Customer)
	require.Equal(t, rehearse.Spread{None: 1. / 3, Mean: 2, P50: 3, P90: 3, P99: 3, Max: 3}, three.Customer)
	require.Equal(t, []rehearse.Stop{{Why: "capped", By: "daily", Proposals: 8, Customers: 2}}, one.Withheld)
	require.Equal(t, []rehearse.Stop{{Why: "capped", By: "daily", Proposals: 4, Customers: 2}}, three.Withheld)
	require.Equal(t, map[string]int{"2026-01-26": 6}, three.Plays[0].ByDay)
	require.Equal(t, 2, three.Reached)

	var table bytes.Buffer
	require.NoError(t, r.WriteTable(&table))
	require.Regexp(t, `(?m)^actions +2 +6$`, table.String())
	require.Regexp(t, `(?m)^  capped daily +8\.0 \(8, 2\) +4\.0 \(4, 2\)$`, table.String())
}

// TestABudgetOfFiveADay: who got nothing on the first day has not cooled down on the second, so what happens then can only be told
// once it is known where the first day's budget ended.
func TestABudgetOfFiveADay(t *testing.T) {
	var s story
	for day := range 2 {
		for i := range 8 {
			s.on(time.Duration(day)*24*time.Hour+time.Duration(i)*time.Minute, fmt.Sprint("c", (i*5)%8), "Shipping Fee Viewed")
		}
	}
	text := strings.Replace("budgets: [{name: five, scope: {action: coupon}, max: 5, per: day}]"+fees, "cost: 1", "cost: 1, cooldown: 7d", 1)
	r := run(t, &s, nil, policy(t, "five", text))
	require.Equal(t, "exact", r.Budgets)
	require.Equal(t, []rehearse.Budget{{Name: "five", Max: 5, Per: "day", Full: 1, Windows: []rehearse.Window{
		{From: "2026-01-26", Used: 5, Refused: 3}, {From: "2026-01-27", Used: 3},
	}}}, r.Policies[0].Budgets)
	require.Equal(t, map[string]int{"2026-01-26": 5, "2026-01-27": 3}, r.Policies[0].Plays[0].ByDay)
	require.Equal(t, []rehearse.Stop{{Why: "cooldown", Proposals: 5, Customers: 5}, {Why: "budget", By: "five", Proposals: 3, Customers: 3}}, r.Policies[0].Withheld)
}

func TestABudgetOfNothing(t *testing.T) {
	var s story
	s.on(0, "a", "Shipping Fee Viewed")
	r := run(t, &s, nil, policy(t, "none", "budgets: [{name: none, scope: all, max: 0, per: day}]"+fees))
	require.Zero(t, r.Policies[0].Actions)
	require.Equal(t, []rehearse.Stop{{Why: "budget", By: "none", Proposals: 1, Customers: 1}}, r.Policies[0].Withheld)
}

func TestTimersAreMootOrFireOrStillWait(t *testing.T) {
	var s story
	s.on(0, "paid", "Product Added")
	s.on(0, "unpaid", "Product Added")
	s.on(23*time.Hour+59*time.Minute, "paid", "Order Completed")
	s.on(26*time.Hour, "late", "Product Added")
	r := run(t, &s, nil, policy(t, "reminders", `
actions: {reminder: {kind: reminder, channels: [web], value: 3}}
plays: [{name: unpaid, on: Product Added, after: 24h, unless: Order Completed, propose: [reminder]}]
`))
	require.Equal(t, rehearse.Timers{Set: 3, Moot: 1, Fired: 1, Waiting: 1}, r.Policies[0].Timers)
	require.Equal(t, 1, r.Policies[0].Actions)
	require.Equal(t, 1, r.Policies[0].Reached)
	require.Equal(t, map[string]int{"2026-01-27": 1}, r.Policies[0].Plays[0].ByDay)
}

func TestSomebodyAsks(t *testing.T) {
	var s story
	s.on(0, "a", "Page Viewed")
	s.on(time.Minute, "a", "Page Viewed")
	s.on(2*time.Hour, "a", "Search")
	asked := policy(t, "asked", `
actions: {guide: {kind: guide, channels: [web], value: 3}}
plays: [{name: always, ask: true, propose: [guide]}]
`)
	for askOn, actions := range map[string]int{"Page Viewed": 2, "Session Started": 2, "Search": 1, "": 0} {
		r := run(t, &s, []string{askOn}, asked)
		require.Equal(t, actions, r.Policies[0].Actions, askOn)
		require.Equal(t, actions, r.Policies[0].Asks, askOn)
	}
}

func TestNothingHappened(t *testing.T) {
	r := run(t, &story{}, []string{"Page Viewed"}, policy(t, "fees", fees))
	require.Zero(t, r.Policies[0].Actions)
	require.Zero(t, r.Data.Customers)
	require.NoError(t, r.WriteTable(new(bytes.Buffer)))
	_, err := json.Marshal(r)
	require.NoError(t, err)
}

// TestWorkersChangeNothing: nor does it matter what is kept in memory.
func TestWorkersChangeNothing(t *testing.T) {
	var s story
	for i := range 600 {
		s.on(time.Duration(i)*7*time.Minute, fmt.Sprint("c", (i*i)%37), []string{"Shipping Fee Viewed", "Page Viewed"}[i%2])
	}
	tight := policy(t, "tight", "budgets: [{name: tight, scope: all, max: 3, per: day}]\nholdout: {share: 0.2, salt: x}"+strings.Replace(fees, "cost: 1", "cost: 1, cooldown: 1d", 1))
	var reports []*rehearse.Report
	for _, o := range []rehearse.Options{{Workers: 1}, {Workers: 7, Memory: 1}, {}} {
		o.Features, o.AskOn, o.Log = features.Default(), []string{"Page Viewed"}, slog.New(slog.DiscardHandler)
		r, err := rehearse.Run(t.Context(), s.input(t), []rehearse.Policy{tight, policy(t, "fees", fees)}, o)
		require.NoError(t, err)
		require.Positive(t, r.Policies[0].Budgets[0].Full)
		reports = append(reports, r)
	}
	require.Equal(t, reports[0], reports[1])
	require.Equal(t, reports[0], reports[2])
}

func TestARehearsalEndsWhenItIsToldTo(t *testing.T) {
	var s story
	s.on(0, "a", "Shipping Fee Viewed")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := rehearse.Run(ctx, s.input(t), []rehearse.Policy{policy(t, "fees", fees)}, rehearse.Options{Features: features.Default(), Log: slog.New(slog.DiscardHandler)})
	require.ErrorIs(t, err, context.Canceled)
}
