package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

const secret = "a secret to sign with"

// quick is the usual timing, a hundred times faster.
var quick = timing{
	poll: 5 * time.Millisecond, keep: 10 * time.Millisecond, lease: 300 * time.Millisecond,
	pace: pace{first: 5 * time.Millisecond, longest: 50 * time.Millisecond},
}

// issuer commits decisions as an engine does.
type issuer struct {
	t        testing.TB
	driver   store.Driver
	versions map[string]uint64
	notify   func(shard int) // nil: as another server would
	made     int
}

func newIssuer(t testing.TB, d store.Driver) *issuer {
	return &issuer{t: t, driver: d, versions: map[string]uint64{}}
}

func (i *issuer) commit(customer string, records ...store.Record) {
	i.t.Helper()
	shard := store.ShardOf(customer, i.driver.Shards())
	outcomes := make([]error, 1)
	change := store.Change{ID: customer, Expect: i.versions[customer], State: []byte("s"), Records: records}
	if err := i.driver.Commit(i.t.Context(), shard, []store.Change{change}, outcomes); err != nil || outcomes[0] != nil {
		i.t.Fatal(err, outcomes)
	}
	i.versions[customer]++
	if i.notify != nil {
		i.notify(shard)
	}
}

// issue commits a proactive action and returns its id.
func (i *issuer) issue(customer, channel string) string {
	i.t.Helper()
	i.made++
	id := fmt.Sprintf("act-%d", i.made)
	i.commit(customer, decided(customer, channel, id, time.Now()))
	return id
}

func (i *issuer) event(customer string) {
	i.t.Helper()
	at := time.Now().UTC().Format(time.RFC3339Nano)
	i.commit(customer, store.Record{Kind: store.RecordEvent, Data: fmt.Appendf(nil, `{"event":"A","received_at":%q}`, at)})
}

func decided(customer, channel, id string, at time.Time) store.Record {
	data, err := json.Marshal(map[string]any{
		"decision_id": "0000-" + id, "customer_id": customer, "at": at.UTC(), "trigger": "cart-24h", "proactive": true,
		"actions": []any{map[string]any{
			"id": id, "action": "cart-reminder", "kind": "reminder", "channel": channel, "variant": "plain",
			"content": map[string]any{"text": "Your cart waits"}, "worth": 1.5, "play": "cart-24h",
			"reasons":   []any{map[string]any{"text": "looked at shipping fees 3 times", "feature": "shipping_views_30m", "value": 3}},
			"issued_at": at.UTC(), "expires_at": at.Add(time.Hour).UTC(),
		}},
	})
	if err != nil {
		panic(err)
	}
	return store.Record{Kind: store.RecordDecision, Data: data}
}

type option func(*Options)

func with(hooks ...config.Webhook) option { return func(o *Options) { o.Webhooks = hooks } }

// run starts a Delivery that is closed with the test.
func run(t testing.TB, s Store, change ...option) *Delivery {
	t.Helper()
	o := Options{
		Store: s, Metrics: metrics.New(prometheus.NewRegistry()).Delivery, Log: slog.New(slog.DiscardHandler), Now: time.Now, timing: quick,
	}
	for _, c := range change {
		c(&o)
	}
	d, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, d) })
	return d
}

func closed(t testing.TB, d *Delivery) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := d.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// receiver is a webhook's other end.
type receiver struct {
	*httptest.Server
	hook config.Webhook

	mu     sync.Mutex
	taken  []string // ids that were accepted
	asked  int      // requests
	answer func(id string, r *http.Request) int
	body   string // of the answers
}

func receive(t testing.TB, name string, answer func(id string, r *http.Request) int) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	r.hook = config.Webhook{
		Name: name, URL: r.URL + "/in?key=hush", Secret: secret, Format: config.FormatJSON, Timeout: 200 * time.Millisecond, MaxAttempts: 5,
	}
	return r
}

func (r *receiver) serve(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	var message struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(body, &message)
	r.mu.Lock()
	r.asked++
	r.mu.Unlock()
	status := http.StatusOK
	if r.answer != nil {
		status = r.answer(message.ID, request)
	}
	if status < 300 {
		r.mu.Lock()
		r.taken = append(r.taken, message.ID)
		r.mu.Unlock()
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, r.body)
}

// ids are those that were taken, each once, in order.
func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := slices.Clone(r.taken)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (r *receiver) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// eventually polls until what is wanted is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// holds waits until the server sends from all shards.
func holds(t testing.TB, d *Delivery) {
	t.Helper()
	eventually(t, "the leases are taken", func() bool { return d.held() == len(d.keeper.shards) })
}

func (d *Delivery) held() int {
	n := 0
	for shard := range d.keeper.shards {
		if d.keeper.shards[shard].Load() != nil {
			n++
		}
	}
	return n
}

func newStore(t testing.TB, shards int) *memory.Driver {
	t.Helper()
	d := memory.New(shards)
	t.Cleanup(func() { _ = d.Close() })
	return d
}
