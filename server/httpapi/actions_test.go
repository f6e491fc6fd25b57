package httpapi

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/delivery"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

// streamed is an API whose streams work, behind a server that has little patience with ordinary requests.
type streamed struct {
	*harness
	t          *testing.T
	driver     *memory.Driver
	deliveries *delivery.Delivery
	server     *httptest.Server
	made       uint64
}

func newStreamed(t *testing.T) *streamed {
	t.Helper()
	s := &streamed{t: t, driver: memory.New(1)}
	var err error
	s.deliveries, err = delivery.Start(delivery.Options{
		Store: s.driver, Metrics: metrics.New(prometheus.NewRegistry()).Delivery, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.harness = newHarnessOn(t, s.driver, func(o *Options) { o.Deliveries = s.deliveries })
	s.api.heartbeat = 50 * time.Millisecond
	s.server = httptest.NewUnstartedServer(s.api)
	s.server.Config.ReadTimeout, s.server.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	s.server.Start()
	t.Cleanup(func() {
		if err := s.deliveries.Close(context.Background()); err != nil {
			t.Error(err)
		}
		s.server.Close()
	})
	return s
}

func (s *streamed) issue(customer, channel string) {
	s.t.Helper()
	data := fmt.Appendf(nil, `{"decision_id":"d","customer_id":%q,"at":%q,"trigger":"p","proactive":true,"actions":[{"id":"a-%d","action":"x","kind":"k","channel":%q}]}`,
		customer, time.Now().UTC().Format(time.RFC3339Nano), s.made, channel)
	outcomes := make([]error, 1)
	change := store.Change{ID: "journal", Expect: s.made, State: []byte("s"), Records: []store.Record{{Kind: store.RecordDecision, Data: data}}}
	if err := s.driver.Commit(s.t.Context(), 0, []store.Change{change}, outcomes); err != nil || outcomes[0] != nil {
		s.t.Fatal(err, outcomes)
	}
	s.made++
	s.deliveries.Notify(0)
}

// listen opens the stream.
func (s *streamed) listen(target string, headers ...string) *bufio.Scanner {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.server.URL+target, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.server.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("answer is %d, %v", response.StatusCode, response.Header)
	}
	return bufio.NewScanner(response.Body)
}

// next reads to the next line with a prefix, and returns the rest of it and the last id before it.
func (s *streamed) next(lines *bufio.Scanner, prefix string) (rest, id string) {
	s.t.Helper()
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = at
		}
		if rest, ok := strings.CutPrefix(lines.Text(), prefix); ok {
			return rest, id
		}
	}
	s.t.Fatalf("the stream ended before %q: %v", prefix, lines.Err())
	return "", ""
}

func TestStreamOutlivesTheLimitsOfRequests(t *testing.T) {
	s := newStreamed(t)
	lines := s.listen("/actions/stream?channel=web")
	for range 8 { // each is half of what a request may take
		s.next(lines, ": heartbeat")
	}
	s.issue("b", "sms")
	s.issue("c", "web")
	data, id := s.next(lines, "data: ")
	if want := `{"decision_id":"d","customer_id":"c","trigger":"p","id":"a-1","action":"x","kind":"k","channel":"web"}`; data != want {
		t.Errorf("got %s, expected %s", data, want)
	}
	s.issue("d", "web")
	again := s.listen("/actions/stream?customer_id=d", "Last-Event-ID", id)
	if data, _ := s.next(again, "data: "); !strings.Contains(data, `"a-2"`) {
		t.Errorf("resuming gives %s", data)
	}
	s.deliveries.EndStreams()
	if reason, _ := s.next(lines, "data: {\"reason\":"); reason != `"stopping"}` {
		t.Errorf("ended because %s", reason)
	}
	if got := s.do("GET", "/actions/stream", ""); got.status != http.StatusServiceUnavailable {
		t.Errorf("a stopping server answers %d", got.status)
	}
}

func TestResumingFromLongAgoSaysWhatIsThere(t *testing.T) {
	s := newStreamed(t)
	s.issue("c", "web")
	lines := s.listen("/actions/stream", "Last-Event-ID", "1000")
	s.next(lines, "event: gap")
	if from, _ := s.next(lines, "data: "); !strings.HasPrefix(from, `{"complete_from":"20`) {
		t.Errorf("got %s", from)
	}
	s.next(lines, "event: action")
}

func TestWrongStreamRequests(t *testing.T) {
	s := newStreamed(t)
	for _, c := range []struct{ target, last, field string }{
		{"/actions/stream", "yesterday", "Last-Event-ID"},
		{"/actions/stream", "-5", "Last-Event-ID"},
		{"/actions/stream?channel=" + strings.Repeat("x", 101), "", "channel"},
		{"/actions/stream?customer_id=a%00b", "", "customer_id"},
	} {
		got := s.do("GET", c.target, "", "Last-Event-ID", c.last)
		if got.status != http.StatusBadRequest || got.json(t)["field"] != c.field {
			t.Errorf("%s, %q: got %d %s, expected the field %s", c.target, c.last, got.status, got.body, c.field)
		}
	}
}

// deadDeliveries has letters to show, or an error.
type deadDeliveries struct {
	letters []delivery.DeadLetter
	err     error
}

func (d deadDeliveries) Subscribe(context.Context, delivery.Filter, time.Time) (*delivery.Stream, error) {
	return nil, d.err
}

func (d deadDeliveries) Dead(context.Context) ([]delivery.DeadLetter, uint64, error) {
	return d.letters, uint64(len(d.letters)), d.err
}

func TestDeadLettersAreListed(t *testing.T) {
	message := `{"decision_id":"d","customer_id":"c","trigger":"p","id":"a","action":"x","kind":"k","channel":"web"}`
	d := deadDeliveries{letters: []delivery.DeadLetter{{Webhook: "crm", At: noon, Attempts: 3, Error: "status 500", Message: []byte(message)}}}
	got := newHarness(t, func(o *Options) { o.Deliveries = d }).do("GET", "/deliveries/dead", "")
	want := `{"dead":[{"webhook":"crm","at":"2026-01-31T12:00:00Z","attempts":3,"error":"status 500","message":` + message + `}],"total":1}`
	if got.status != http.StatusOK || string(got.body) != want {
		t.Errorf("got %d %s", got.status, got.body)
	}
	none := newHarness(t, func(o *Options) { o.Deliveries = deadDeliveries{letters: []delivery.DeadLetter{}} })
	if got := none.do("GET", "/deliveries/dead", ""); string(got.body) != `{"dead":[],"total":0}` {
		t.Errorf("none is %s", got.body)
	}
}

func TestDeliveriesWithoutAStore(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.Deliveries = deadDeliveries{err: errors.New("no store")} })
	for _, path := range []string{"/deliveries/dead", "/actions/stream"} {
		if got := h.do("GET", path, ""); got.status != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
	h = newHarness(t, func(o *Options) { o.Deliveries = deadDeliveries{err: delivery.ErrTooManyStreams} })
	if got := h.do("GET", "/actions/stream", ""); !strings.Contains(string(got.body), "overloaded") {
		t.Errorf("got %s", got.body)
	}
}

func TestRolesOfDeliveries(t *testing.T) {
	key := func(key string, role config.Role) config.Key {
		return config.Key{Role: role, Digest: sha256.Sum256([]byte(key))}
	}
	h := newHarness(t, func(o *Options) {
		o.Deliveries = deadDeliveries{letters: []delivery.DeadLetter{}, err: delivery.ErrTooManyStreams}
		o.Keys = []config.Key{key("t", config.Track), key("s", config.Score)}
	})
	for _, c := range []struct {
		path, key string
		want      int
	}{
		{"/actions/stream", "", 401}, {"/actions/stream", "t", 403}, {"/actions/stream", "s", 503}, {"/deliveries/dead", "s", 403},
	} {
		if got := h.do("GET", c.path, "", "Authorization", "Bearer "+c.key); got.status != c.want {
			t.Errorf("%s with %q: got %d, expected %d", c.path, c.key, got.status, c.want)
		}
	}
}
