package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/config"
)

// TestWhatAnEventBringsAbout goes the whole way: the event's answer, the webhook, what the webhook would not take, the decision's record,
// its outcome, and the erasure of all of it.
func TestWhatAnEventBringsAbout(t *testing.T) {
	type message struct {
		ID       string `json:"id"`
		Decision string `json:"decision_id"`
		Customer string `json:"customer_id"`
		Action   string `json:"action"`
	}
	sent := make(chan message, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m message
		body, err := io.ReadAll(r.Body)
		if err == nil && json.Unmarshal(body, &m) == nil {
			sent <- m
		}
		w.WriteHeader(http.StatusGone)
	}))
	defer receiver.Close()
	driver := memory.New(1)
	r := start(t, func(o *Options) {
		o.Driver = driver
		o.Config.Webhooks = []config.Webhook{{
			Name: "crm", URL: receiver.URL, Secret: "sixteen letters!", Format: config.FormatJSON, Timeout: time.Second, MaxAttempts: 3,
		}}
	})
	status, body := r.do("PUT", "/playbook", `
version: 1
actions: {alert: {kind: alert, audience: staff}}
plays: [{name: trouble, on: Error Shown, propose: [alert]}]
`)
	require.Equal(t, 200, status, body)
	require.EventuallyWithT(t, func(c *assert.CollectT) { // a new webhook gets what is issued once it is known
		lease, err := driver.Meta(t.Context(), "delivery/lease/0")
		assert.NoError(c, err)
		assert.NotNil(c, lease)
	}, 5*time.Second, 20*time.Millisecond)

	status, body = r.do("POST", "/events", `{"event":"Error Shown","customer_id":"c"}`)
	require.Equal(t, 200, status)
	var answer struct{ Actions []message }
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	require.Len(t, answer.Actions, 1, body)
	select {
	case got := <-sent:
		assert.Equal(t, answer.Actions[0], got)
	case <-time.After(5 * time.Second):
		t.Fatal("the webhook was not called")
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, dead := r.do("GET", "/deliveries/dead", "")
		assert.Contains(c, dead, `"customer_id":"c"`)
	}, 5*time.Second, 20*time.Millisecond)
	decision := answer.Actions[0].Decision
	_, record := r.do("GET", "/decisions/"+decision, "")
	assert.Contains(t, record, `"play":"trouble"`)
	outcome := `{"decision_id":"` + decision + `","action_id":"` + answer.Actions[0].ID + `","outcome":"accepted"}`
	status, body = r.do("POST", "/outcomes", outcome)
	assert.Equal(t, 200, status, body)

	status, _ = r.do("DELETE", "/customers/c", "")
	require.Equal(t, 204, status)
	_, dead := r.do("GET", "/deliveries/dead", "")
	assert.Contains(t, dead, `"dead":[]`)
	for _, gone := range [][3]string{{"GET", "/decisions/" + decision, ""}, {"POST", "/outcomes", outcome}} {
		status, body = r.do(gone[0], gone[1], gone[2])
		assert.Equal(t, 404, status, body)
	}
}
