package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/bandit"
	"github.com/halfstep-ml/halfstep/server/ledger"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// coupons is a playbook of one action in two wordings. LEARNING and HOLDOUT are put in by the tests.
const coupons = `
version: 1
timezone: UTC
language: en
holdout: {share: HOLDOUT, salt: spring}
actions:
  coupon: {kind: coupon, channels: [web, app], value: 5, cost: 1, content: {text: "-"}, variants: {plain: {text: a}, warm: {text: b}}, learning: {LEARNING}}
plays:
  - {name: always, ask: true, propose: [coupon]}
`

const learning = "mode: bandit, reward: accepted, within: 7d, floor: 0.05, promote_at: 1"

func couponsWith(learning, holdout string) string {
	return strings.NewReplacer("LEARNING", learning, "HOLDOUT", holdout).Replace(coupons)
}

// server is an engine and a ledger, over a store that others may have too.
type server struct {
	*live.Engine
	*ledger.Ledger
	t        testing.TB
	clock    *atomic.Int64 // since noon
	table    atomic.Pointer[bandit.Table]
	registry *prometheus.Registry
	sent     int
}

// serve starts a server; its ledger only moves by Step, or by Run.
func serve(t testing.TB, driver store.Driver, clock *atomic.Int64, book string) *server {
	t.Helper()
	s := &server{t: t, clock: clock, registry: prometheus.NewRegistry()}
	now := func() time.Time { return noon.Add(time.Duration(clock.Load())) }
	m, log, customers := metrics.New(s.registry), slog.New(slog.DiscardHandler), store.New(driver)
	s.Engine = live.New(live.Options{Store: customers, Metrics: m, Log: log, Now: now, Deadline: 10 * time.Second, MaxLate: 64})
	require.NoError(t, s.Use(t.Context(), live.NewServing(features.Default(), models.NewRegistry())))
	s.play(book)
	s.Ledger = ledger.New(ledger.Options{Store: customers, Playbook: s.Playbook, Learnt: s.learnt, Metrics: m, Log: log, Now: now})
	t.Cleanup(func() {
		require.NoError(t, s.Wait(context.Background()))
		_ = customers.Close() // the driver is another server's too, which may have closed it before
	})
	return s
}

func (s *server) learnt(t *bandit.Table) {
	s.table.Store(t)
	s.Learnt(t)
}

func (s *server) play(source string) {
	s.t.Helper()
	b, err := playbook.Parse([]byte(source), playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()})
	require.NoError(s.t, err)
	s.Play(b)
}

func (s *server) step() {
	s.t.Helper()
	require.NoError(s.t, s.Step(s.t.Context()))
}

func (s *server) row(choice, segment string) *bandit.Row {
	table := s.table.Load()
	if table == nil {
		return nil
	}
	return table.Row(choice, segment)
}

// propensity is of the arm warm.
func (s *server) propensity() float64 {
	s.t.Helper()
	row := s.row("action:coupon", "")
	require.NotNil(s.t, row)
	require.Equal(s.t, "warm", row.Arms[1].Name)
	return row.Arms[1].Propensity
}

type issued struct {
	ID, Action, Variant, Why string
	Propensity               float64
}

// ask scores a customer. Of the holdout, nothing is issued.
func (s *server) ask(customer, traits string) *issued {
	s.t.Helper()
	if traits != "" {
		s.tell(customer, "identify", traits)
	}
	answers := make([]live.Answer, 1)
	require.NoError(s.t, s.Score([]live.Request{{Customer: customer, Moment: features.Moment{Channel: "web"}}}, answers))
	var actions []issued
	require.NoError(s.t, json.Unmarshal(answers[0].Actions, &actions))
	if len(actions) == 0 {
		return nil
	}
	return &actions[0]
}

// tell folds an event that happens now.
func (s *server) tell(customer, name, properties string) {
	s.t.Helper()
	s.sent++
	at := noon.Add(time.Duration(s.clock.Add(int64(time.Millisecond)))).Format(time.RFC3339Nano)
	raw := fmt.Sprintf(`{"id":"%p-%d","type":"track","event":%q,"customer_id":%q,"at":%q,"properties":%s}`, s, s.sent, name, customer, at, properties)
	if name == "identify" {
		raw = fmt.Sprintf(`{"id":"%p-%d","type":"identify","customer_id":%q,"at":%q,"traits":%s}`, s, s.sent, customer, at, properties)
	}
	e, err := event.Decode([]byte(raw), event.Origin{ReceivedAt: noon.Add(time.Duration(s.clock.Load())).UnixMilli()})
	require.NoError(s.t, err)
	require.NoError(s.t, s.Ingest(context.Background(), []event.Event{e}).Err)
}

func (s *server) accept(customer string, a *issued) {
	s.tell(customer, "Action Accepted", fmt.Sprintf(`{"action_id":%q}`, a.ID))
}

// teach issues to so many customers, all of whom that got a wording accept it.
func (s *server) teach(prefix, wording, traits string, n int) {
	s.t.Helper()
	for i := range n {
		customer := fmt.Sprintf("%s-%d", prefix, i)
		if a := s.ask(customer, traits); a != nil && a.Variant == wording {
			s.accept(customer, a)
		}
	}
}
