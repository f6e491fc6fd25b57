package delivery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/metrics"
)

func TestReceiversCanVerifyMessages(t *testing.T) {
	s := newStore(t, 4)
	var bad atomic.Pointer[string]
	r := receive(t, "crm", nil)
	r.answer = func(string, *http.Request) int { return 200 }
	r.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%s.%s.%s", request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp"), body)
		own := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		library, _ := standardwebhooks.NewWebhookRaw([]byte(secret))
		if err := library.Verify(body, request.Header); err != nil || own != request.Header.Get("webhook-signature") {
			problem := fmt.Sprint(err, own, request.Header)
			bad.Store(&problem)
		}
		if library.Verify(append(body, ' '), request.Header) == nil {
			problem := "a changed body is verified"
			bad.Store(&problem)
		}
		request.Body = io.NopCloser(strings.NewReader(string(body)))
		r.serve(w, request)
	})
	d := run(t, s, with(r.hook))
	holds(t, d)
	id := newIssuer(t, s).issue("c", "sms")
	eventually(t, "the action is taken", func() bool { return slices.Equal(r.ids(), []string{id}) })
	if p := bad.Load(); p != nil {
		t.Error(*p)
	}
}

func TestSecretOfStandardWebhooks(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef01234567"))
	f, err := newSigned("http://x/", "whsec_"+key)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	_, header, body, err := f.request(&Issued{ID: "a", Message: []byte(`{}`)}, now)
	if err != nil {
		t.Fatal(err)
	}
	library, _ := standardwebhooks.NewWebhookRaw([]byte("0123456789abcdef01234567"))
	if err := library.Verify(body, header); err != nil {
		t.Error(err)
	}
	if _, err := newSigned("http://x/", "whsec_###"); err == nil {
		t.Error("a key that is no Base64 is taken")
	}
}

func TestRefusedAndHopelessMessagesAreKept(t *testing.T) {
	s := newStore(t, 4)
	registry := prometheus.NewRegistry()
	m := metrics.New(registry).Delivery
	picky := receive(t, "picky", func(string, *http.Request) int { return 422 })
	broken := receive(t, "broken", func(string, *http.Request) int { return 500 })
	away := receive(t, "away", nil)
	away.Close()
	moved := receive(t, "moved", func(string, *http.Request) int { return 307 })
	d := run(t, s, with(picky.hook, broken.hook, away.hook, moved.hook), func(o *Options) { o.Metrics = m })
	holds(t, d)
	id := newIssuer(t, s).issue("c", "sms")
	eventually(t, "all have given up", func() bool {
		letters, _, err := d.Dead(t.Context())
		return err == nil && len(letters) == 4
	})
	letters, total, _ := d.Dead(t.Context())
	want := map[string]int{"picky": 1, "broken": 5, "away": 5, "moved": 5}
	for _, l := range letters {
		if l.Attempts != want[l.Webhook] || !strings.Contains(string(l.Message), id) || l.At.IsZero() || strings.Contains(l.Error, "hush") {
			t.Errorf("got %+v, expected %d attempts, the message, and no key", l, want[l.Webhook])
		}
	}
	if total != 4 || picky.requests() != 1 || broken.requests() != 5 {
		t.Errorf("total %d, requests %d and %d, expected 4, 1 and 5", total, picky.requests(), broken.requests())
	}
	b := m.Webhook("broken")
	if got := [3]float64{testutil.ToFloat64(b.Delivered), testutil.ToFloat64(b.Retried), testutil.ToFloat64(b.Dead)}; got != [3]float64{0, 4, 1} {
		t.Errorf("counted %v delivered, retried and dead, expected 0, 4 and 1", got)
	}
}

func TestMessagesAreSentAgainUntilTaken(t *testing.T) {
	s := newStore(t, 1)
	var asked atomic.Int32
	r := receive(t, "crm", func(string, *http.Request) int {
		if asked.Add(1) < 4 {
			return 503
		}
		return 204
	})
	d := run(t, s, with(r.hook))
	holds(t, d)
	id := newIssuer(t, s).issue("c", "sms")
	eventually(t, "it is taken", func() bool { return slices.Equal(r.ids(), []string{id}) })
	if letters, _, _ := d.Dead(t.Context()); len(letters) != 0 {
		t.Errorf("dead letters: %+v", letters)
	}
}

// TestHangingWebhook: requests for one customer hang, and so does another webhook altogether. Everything else arrives.
func TestHangingWebhook(t *testing.T) {
	s := newStore(t, 8)
	release := make(chan struct{})
	defer close(release)
	stuck := receive(t, "stuck", func(_ string, r *http.Request) int {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return 500
	})
	var hang atomic.Value
	hang.Store("")
	half := receive(t, "half", func(id string, r *http.Request) int {
		if id == hang.Load() {
			<-r.Context().Done()
			return 500
		}
		return 200
	})
	good := receive(t, "good", nil)
	stuck.hook.Timeout = 50 * time.Millisecond
	half.hook.Timeout, half.hook.MaxAttempts = 50*time.Millisecond, 1000
	d := run(t, s, with(stuck.hook, half.hook, good.hook))
	holds(t, d)
	i := newIssuer(t, s)
	i.notify = d.Notify
	hang.Store("act-1")
	for n := range 40 {
		i.issue(fmt.Sprint("c", n%20), "sms")
	}
	eventually(t, "the good one has all", func() bool { return len(good.ids()) == 40 })
	eventually(t, "the other has all but the one that hangs", func() bool { return len(half.ids()) == 39 })
	eventually(t, "the stuck one's are dead letters", func() bool {
		_, total, err := d.Dead(t.Context())
		return err == nil && total == 40
	})
	hang.Store("")
	eventually(t, "what hung is taken", func() bool { return len(half.ids()) == 40 })
}

func TestOnlyWantedChannels(t *testing.T) {
	s := newStore(t, 2)
	r := receive(t, "sms", nil)
	r.hook.Channels = []string{"sms", "phone"}
	all := receive(t, "all", nil)
	d := run(t, s, with(r.hook, all.hook))
	holds(t, d)
	i := newIssuer(t, s)
	i.issue("a", "sms")
	i.issue("b", "email")
	i.issue("c", "phone")
	i.commit("d", store.Record{Kind: store.RecordDecision, Data: []byte(`{"decision_id":"x","customer_id":"d","proactive":false,"actions":[{"id":"no"}]}`)})
	i.commit("d", store.Record{Kind: store.RecordDecision, Data: []byte(`{"decision_id":"x","proactive":true,"actions":[{"id":7}]}`)})
	i.issue("d", "sms")
	eventually(t, "all is sent", func() bool { return len(all.ids()) == 4 && len(r.ids()) == 3 })
	if got := r.ids(); !slices.Equal(got, []string{"act-1", "act-3", "act-4"}) {
		t.Errorf("got %v, expected sms and phone", got)
	}
}

// scripted answers without a network, so that time can be made up.
type scripted struct {
	at      []time.Time
	answers []func() *http.Response
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	s.at = append(s.at, time.Now())
	answer := s.answers[min(len(s.at), len(s.answers))-1]()
	answer.Body, answer.Request = http.NoBody, r
	return answer, nil
}

func status(code int, headers ...string) func() *http.Response {
	return func() *http.Response {
		h := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: code, Header: h}
	}
}

// pauses delivers a message to a script and returns the times between attempts.
func pauses(t *testing.T, attempts int, answers ...func() *http.Response) (between []time.Duration, err error) {
	t.Helper()
	c := config.Webhook{Name: "w", URL: "http://receiver/", Secret: secret, Format: config.FormatJSON, Timeout: time.Second, MaxAttempts: attempts}
	m := metrics.New(prometheus.NewRegistry()).Delivery.Webhook("w")
	w, err := newWebhook(c, usual.pace, m, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	script := &scripted{answers: answers}
	w.client.Transport = script
	_, err = w.deliver(t.Context(), &Issued{ID: "a", Message: []byte(`{}`)})
	for i := 1; i < len(script.at); i++ {
		between = append(between, script.at[i].Sub(script.at[i-1]))
	}
	return between, err
}

func TestPausesGrowWithJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 5 {
		synctest.Test(t, func(t *testing.T) {
			between, err := pauses(t, 14, status(500))
			if err == nil || len(between) != 13 {
				t.Fatalf("%d pauses, %v; expected 13 and an error", len(between), err)
			}
			for i, p := range between {
				mid := min(500*time.Millisecond<<i, 5*time.Minute)
				if p < mid/2 || p > mid*3/2+time.Millisecond {
					t.Errorf("pause %d is %v, expected about %v", i, p, mid)
				}
			}
			seen[between[3]] = true
		})
	}
	if len(seen) == 1 {
		t.Errorf("five times the same pause: %v", seen)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := time.Now().Add(7*time.Second + longestWait + 90*time.Second).UTC().Format(http.TimeFormat)
		between, err := pauses(t, 5, status(429, "Retry-After", "7"), status(503, "Retry-After", "99999999"), status(503, "Retry-After", in), status(200))
		if err != nil {
			t.Fatal(err)
		}
		if between[0] != 7*time.Second || between[1] != longestWait || between[2] < 80*time.Second || between[2] > 91*time.Second {
			t.Errorf("paused %v, expected 7s, the longest wait, and until the date", between)
		}
	})
}
