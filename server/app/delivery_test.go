package app

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/config"
)

// TestActionsAreDelivered: by a server that runs, and by the one that comes after it; and a client that listens holds nothing up.
func TestActionsAreDelivered(t *testing.T) {
	got := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("webhook-id") }))
	defer receiver.Close()
	driver := memory.New(4)
	configure := func(o *Options) {
		o.Driver = undying{driver}
		o.Config.Webhooks = []config.Webhook{{
			Name: "crm", URL: receiver.URL, Secret: "sixteen letters!", Format: config.FormatJSON, Timeout: time.Second, MaxAttempts: 3,
		}}
	}
	first := start(t, configure)
	response, err := http.Get("http://" + first.Addr() + "/actions/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for taken := false; !taken; { // the webhook gets what is issued once it is known
		raw, err := driver.Meta(t.Context(), "delivery/lease/3")
		if err != nil {
			t.Fatal(err)
		}
		taken = raw != nil
	}
	issue(t, driver, 1)
	if id := <-got; id != "a-1" {
		t.Errorf("delivered %q", id)
	}
	begun := time.Now()
	if err := first.stop(); err != nil || time.Since(begun) > 5*time.Second {
		t.Errorf("stopping took %v, %v", time.Since(begun), err)
	}
	stream, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(stream), "a-1") || !strings.Contains(string(stream), `{"reason":"stopping"}`) {
		t.Errorf("the client read %s, %v", stream, err)
	}
	issue(t, driver, 2)
	start(t, configure)
	if id := <-got; id != "a-2" {
		t.Errorf("the second server delivered %q", id)
	}
}

// issue commits a proactive action, of a customer's n-th version.
func issue(t *testing.T, d store.Driver, n uint64) {
	t.Helper()
	data := fmt.Appendf(nil, `{"decision_id":"d","customer_id":"c","at":%q,"trigger":"p","proactive":true,"actions":[{"id":"a-%d"}]}`,
		time.Now().UTC().Format(time.RFC3339Nano), n)
	outcomes := make([]error, 1)
	change := store.Change{ID: "c", Expect: n - 1, State: []byte("s"), Records: []store.Record{{Kind: store.RecordDecision, Data: data}}}
	if err := d.Commit(t.Context(), store.ShardOf("c", d.Shards()), []store.Change{change}, outcomes); err != nil || outcomes[0] != nil {
		t.Fatal(err, outcomes)
	}
}
