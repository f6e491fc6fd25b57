package httpapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/config"
)

func TestRoles(t *testing.T) {
	h := newHarness(t, func(o *Options) {
		for role, key := range map[config.Role]string{config.Track: "t", config.Score: "s", config.Admin: "a"} {
			o.Keys = append(o.Keys, config.Key{Role: role, Digest: sha256.Sum256([]byte(key))})
		}
	})
	basic := "Basic dDo=" // t:
	for _, c := range []struct {
		method, path, authorization string
		want                        int
	}{
		{"POST", "/events", "", 401},
		{"POST", "/events", "Bearer wrong", 401},
		{"POST", "/events", "Bearer t", 200},
		{"POST", "/events", basic, 200},
		{"POST", "/events?history=true", "Bearer t", 403},
		{"POST", "/events?history=true", "Bearer a", 200},
		{"POST", "/score", "Bearer t", 403},
		{"POST", "/score", "Bearer s", 200},
		{"GET", "/customers/c", "Bearer t", 403},
		{"GET", "/customers/c", "bearer s", 200},
		{"DELETE", "/customers/c", "Bearer s", 403},
		{"DELETE", "/customers/c", "Bearer a", 204},
		{"GET", "/healthz", "", 200},
		{"GET", "/metrics", "", 200},
		{"GET", "/openapi.json", "", 200},
	} {
		body := ""
		if c.method == "POST" {
			body = map[bool]string{true: `{"customer_id":"c"}`, false: `{"event":"A","customer_id":"c","at":"2026-01-31T11:00:00Z"}`}[c.path == "/score"]
		}
		if got := h.do(c.method, c.path, body, "Authorization", c.authorization); got.status != c.want {
			t.Errorf("%s %s as %q: got %d %s, expected %d", c.method, c.path, c.authorization, got.status, got.body, c.want)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	h := newHarness(t, nil)
	for _, c := range []struct {
		method, path, problem string
		status                int
	}{
		{"GET", "/nowhere", "not-found", 404},
		{"GET", "/score", "method-not-allowed", 405},
		{"PUT", "/customers/c", "method-not-allowed", 405},
	} {
		got := h.do(c.method, c.path, "")
		if v := got.json(t); got.status != c.status || v["type"] != "/problems/"+c.problem {
			t.Errorf("%s %s: got %d %s", c.method, c.path, got.status, got.body)
		}
	}
	if allow := h.do("GET", "/score", "").header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow is %q, expected POST", allow)
	}
}

func TestRequestIDs(t *testing.T) {
	h := newHarness(t, nil)
	trace := "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, c := range []struct{ name, header, value, want string }{
		{"the caller's", "X-Request-Id", "r-1", "r-1"},
		{"the trace's", "Traceparent", "00-" + trace + "-00f067aa0ba902b7-01", trace},
		{"not one with a line break", "X-Request-Id", "a\nb", ""},
		{"not one too long", "X-Request-Id", strings.Repeat("x", 200), ""},
		{"not a trace of zeros", "Traceparent", "00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", ""},
	} {
		got := h.do("GET", "/healthz", "", c.header, c.value).header.Get("X-Request-Id")
		if c.want != "" && got != c.want || c.want == "" && (got == c.value || len(got) != 16) {
			t.Errorf("%s: got %q", c.name, got)
		}
	}
	got := h.do("POST", "/score", "{", "X-Request-Id", "r-2")
	if got.json(t)["request_id"] != "r-2" {
		t.Errorf("the problem has another id: %s", got.body)
	}
}

func TestBodiesThatAreCoded(t *testing.T) {
	got := newHarness(t, nil).do("POST", "/events", "x", "Content-Encoding", "gzip")
	if got.status != 415 || got.json(t)["field"] != "Content-Encoding" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestABodyWithoutALengthIsBoundedToo(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxBody = 2000 })
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/events", io.LimitReader(endless{}, 1<<30))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// slowDriver holds up loads until it is told to go on.
type slowDriver struct {
	store.Driver
	entered chan struct{}
	goOn    chan struct{}
}

func (d *slowDriver) Load(ctx context.Context, ids []string, out []store.Snapshot) error {
	d.entered <- struct{}{}
	<-d.goOn
	return d.Driver.Load(ctx, ids, out)
}

func TestTooManyAtOnce(t *testing.T) {
	d := &slowDriver{Driver: memory.New(1), entered: make(chan struct{}), goOn: make(chan struct{})}
	h := newHarnessOn(t, d, func(o *Options) { o.MaxInFlight = 1 })
	var first answer
	var work sync.WaitGroup
	work.Go(func() { first = h.do("GET", "/customers/c", "") })
	<-d.entered
	second := h.do("GET", "/customers/c", "")
	if second.status != 503 || second.header.Get("Retry-After") == "" || second.json(t)["type"] != "/problems/overloaded" {
		t.Errorf("got %d %s", second.status, second.body)
	}
	if alive := h.do("GET", "/healthz", ""); alive.status != 200 {
		t.Errorf("overload made the server unhealthy: %d", alive.status)
	}
	close(d.goOn)
	work.Wait()
	if first.status != 200 {
		t.Errorf("got %d %s", first.status, first.body)
	}
}

func TestReadiness(t *testing.T) {
	h := newHarness(t, func(o *Options) {
		o.Ready = func(context.Context) error { return errors.New("the store does not answer") }
	})
	if got := h.do("GET", "/readyz", ""); got.status != 503 || got.json(t)["detail"] != "the store does not answer" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestErase(t *testing.T) {
	h := newHarness(t, nil)
	h.do("POST", "/events", `[{"event":"A","customer_id":"a/b c"},{"type":"identify","customer_id":"a/b c","traits":{"opt_out":["sms"]}}]`)
	if v := h.do("GET", "/customers/a%2Fb%20c", "").json(t); v["customer_id"] != "a/b c" || v["known"] != true {
		t.Errorf("got %v", v)
	}
	for range 2 {
		if got := h.do("DELETE", "/customers/a%2Fb%20c", ""); got.status != 204 {
			t.Errorf("got %d %s", got.status, got.body)
		}
	}
	if v := h.do("GET", "/customers/a%2Fb%20c", "").json(t); v["known"] != false {
		t.Error("still known")
	}
	h.do("POST", "/events", `{"event":"A","customer_id":"a/b c"}`)
	v := h.do("GET", "/customers/a%2Fb%20c", "").json(t)
	if opted, _ := v["opt_out"].([]any); len(opted) != 1 || opted[0] != "sms" {
		t.Errorf("the opt-out did not outlive the erasure: %v", v["opt_out"])
	}
}

func TestRecentRecords(t *testing.T) {
	h := newHarness(t, nil)
	h.do("POST", "/events", `[{"id":"1","event":"A","customer_id":"c"},{"id":"2","event":"B","customer_id":"c"},{"id":"3","event":"C","customer_id":"other"}]`)
	h.do("POST", "/score", `{"customer_id":"c"}`, "Idempotency-Key", "k")
	if v := h.do("GET", "/customers/c", "").json(t); v["recent_events"] != nil {
		t.Errorf("not asked for, got %v", v["recent_events"])
	}
	v := h.do("GET", "/customers/c?recent=2", "").json(t)
	events, decisions := v["recent_events"].([]any), v["recent_decisions"].([]any)
	if len(events) != 1 || events[0].(map[string]any)["id"] != "2" || len(decisions) != 1 {
		t.Errorf("got %v and %v", events, decisions)
	}
	if got := h.do("GET", "/customers/c?recent=many", ""); got.status != 400 || got.json(t)["field"] != "recent" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestLogsSayNothingOfCustomers(t *testing.T) {
	h := newHarness(t, nil)
	h.do("POST", "/events", `{"event":"A","customer_id":"secret-customer","properties":{"x":"secret-property"}}`)
	h.do("POST", "/score", `{"customer_id":"secret-customer","context":{"x":"secret-property"}}`)
	h.do("GET", "/customers/secret-customer", "")
	h.do("DELETE", "/customers/secret-customer", "")
	if strings.Contains(h.log.String(), "secret") {
		t.Errorf("the log has\n%s", h.log)
	}
}
