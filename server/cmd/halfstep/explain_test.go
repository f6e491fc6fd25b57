package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/server/app"
	"github.com/halfstep-ml/halfstep/server/config"
)

// serving starts a server without models and returns its address.
func serving(t *testing.T) string {
	t.Helper()
	c := config.Default()
	c.Listen, c.Store, c.Sample, c.Bundles = "127.0.0.1:0", "memory:", false, t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	a, err := app.Open(ctx, app.Options{Config: c, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	return "http://" + a.Addr()
}

func TestPlaybookExplain(t *testing.T) {
	url := serving(t)
	response, err := http.Post(url+"/events", "application/json", strings.NewReader(`[
		{"event":"Shipping Fee Viewed","customer_id":"c 1"},
		{"type":"identify","customer_id":"c 1","traits":{"plan":"pro"}}]`))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	file := filepath.Join(t.TempDir(), "playbook.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
version: 1
actions: {hello: {kind: note, channels: [web], value: features.shipping_views_30m * 2}, alert: {kind: alert, audience: staff}}
plays:
  - {name: seen, ask: true, when: 'features.shipping_views_30m >= 1 && customer.traits.plan == "pro"', propose: [hello]}
  - {name: often, ask: true, when: 'customer.known && features.shipping_views_30m >= 2', propose: [hello]}
  - {name: churner, ask: true, when: predictions.churn > 0.7, propose: [hello]}
  - {name: app, ask: true, when: 'channel == "app"', propose: [hello]}
  - {name: dear, on: Product Viewed, when: 'event.properties.price > 100 && features.shipping_views_30m == 1', propose: [hello, alert]}
  - {name: either, on: [Product Viewed, Product Added], when: 'event.name == "Product Added" && event.channel == "web"', propose: [hello]}
  - {name: bought, on: Product Viewed, when: 'event.properties.price > 100 && features.orders_90d > 0', propose: [hello]}
  - {name: tagged, dwell: {path: /config, longer_than: 3m}, when: '"price_sensitive" in tags', propose: [alert]}
  - {name: left, on: Product Added, after: 24h, unless: Order Completed, propose: [hello]}
`), 0o600))
	explain := func(flags ...string) (string, error) {
		cmd := playbookCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(append([]string{"explain", file, "--url", url}, flags...))
		err := cmd.Execute()
		return out.String(), err
	}
	got, err := explain("--customer", "c 1", "--channel", "web")
	require.NoError(t, err)
	assert.Equal(t, `fires    seen (when asked): hello worth 2
stopped  often (when asked): features.shipping_views_30m >= 2; features.shipping_views_30m is 1
stopped  churner (when asked): predictions.churn > 0.7; predictions.churn is missing
stopped  app (when asked): channel == "app"; channel is "web"
fires    dear (on Product Viewed): hello worth 2, alert worth 1; if the event has it that event.properties.price > 100
fires    either (on Product Viewed or Product Added): hello worth 2; if the event has it that event.name == "Product Added", and event.channel == "web"
stopped  bought (on Product Viewed): features.orders_90d > 0; features.orders_90d is 0
stopped  tagged (3m on /config): "price_sensitive" in tags; tags are []
fires    left (24h after Product Added without Order Completed): hello worth 2
`, got)

	got, err = explain("--customer", "c 1", "--event", `{"event":"Product Viewed","properties":{"price":9}}`)
	require.NoError(t, err)
	assert.Contains(t, got, "stopped  dear (on Product Viewed): event.properties.price > 100\n")

	_, err = explain()
	assert.ErrorContains(t, err, `required flag(s) "customer" not set`)
	_, err = explain("--customer", "c 1", "--event", `{"event":""}`)
	assert.ErrorContains(t, err, "event: ")
	_, err = explain("--customer", "c 1", "--context", `[`)
	assert.ErrorContains(t, err, "context: ")
	_, err = explain("--customer", "c 1", "--features", "testdata/none.yaml")
	assert.ErrorContains(t, err, "testdata/none.yaml")
	require.NoError(t, os.WriteFile(file, []byte("version: 3"), 0o600))
	_, err = explain("--customer", "c 1")
	assert.ErrorContains(t, err, "version: expected 1")
}
