package app

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// greeting is a playbook that says hello under a name.
func greeting(play string) string {
	return "version: 1\nactions: {hello: {kind: note, channels: [web]}}\nplays: [{name: " + play + ", ask: true, propose: [hello]}]\n"
}

// serves waits until a score is decided by a play of the name.
func (r *running) serves(play string) {
	r.t.Helper()
	require.EventuallyWithT(r.t, func(c *assert.CollectT) {
		_, body := r.do("POST", "/score", `{"customer_id":"c","channel":"web","mode":"preview"}`)
		assert.Contains(c, body, `"play":"`+play+`"`)
	}, 5*time.Second, 20*time.Millisecond, r.log)
}

func (r *running) metric(line string) {
	r.t.Helper()
	_, metrics := r.do("GET", "/metrics", "")
	assert.Contains(r.t, metrics, "\n"+line+"\n")
}

func TestANewStoreBeginsWithThePreset(t *testing.T) {
	driver := memory.New(4)
	r := start(t, func(o *Options) { o.Driver = undying{driver} })
	preset, err := playbook.Preset(playbook.DefaultPreset, "zh")
	require.NoError(t, err)
	_, got := r.do("GET", "/playbook", "")
	assert.Equal(t, string(preset), got)
	status, _ := r.do("PUT", "/playbook", greeting("mine"))
	require.Equal(t, 200, status)
	require.NoError(t, r.stop())

	r = start(t, func(o *Options) { o.Driver = undying{driver} })
	r.serves("mine") // and is not replaced by the preset again
	require.NoError(t, r.stop())
}

func TestAllServersFollowWithinASecond(t *testing.T) {
	driver := memory.New(4)
	first := start(t, func(o *Options) { o.Driver = undying{driver} })
	second := start(t, func(o *Options) { o.Driver = undying{driver} })
	for _, play := range []string{"one", "two"} {
		status, body := first.do("PUT", "/playbook", greeting(play))
		require.Equal(t, 200, status, body)
		put := time.Now()
		first.serves(play)
		second.serves(play)
		assert.Less(t, time.Since(put), time.Second)
	}
	_, at := first.do("GET", "/playbook", "")
	_, there := second.do("GET", "/playbook", "")
	assert.Equal(t, at, there)
}

// TestABadPlaybookInTheStore is one that another server, with features of its own, let in.
func TestABadPlaybookInTheStore(t *testing.T) {
	driver := memory.New(4)
	r := start(t, func(o *Options) { o.Driver = undying{driver} })
	_, body := r.do("PUT", "/playbook", greeting("good"))
	require.Contains(t, body, "revision")
	richer := filepath.Join(t.TempDir(), "features.yaml")
	shipped, err := os.ReadFile("../../features/default.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(richer, []byte(strings.Replace(string(shipped), "\nfeatures:\n",
		"\nfeatures:\n  - {name: mugs, on: Mug Viewed, aggregate: count, windows: [1d]}\n", 1)), 0o600))
	other := start(t, func(o *Options) { o.Driver, o.Config.Features = undying{driver}, richer })
	mugs := strings.Replace(greeting("mugs"), "ask: true", "ask: true, when: '!(features.mugs_1d > 0)'", 1)
	status, body := r.do("PUT", "/playbook", mugs)
	assert.Equal(t, 422, status)
	assert.Contains(t, body, "unknown name features.mugs_1d")
	status, _ = other.do("PUT", "/playbook", mugs)
	require.Equal(t, 200, status)
	other.serves("mugs")
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Contains(c, r.log.String(), "unknown name features.mugs_1d") }, 5*time.Second, 10*time.Millisecond)
	time.Sleep(2 * playbookEvery)
	r.metric(`halfstep_playbooks_total{result="failed"} 1`) // complained of once
	r.serves("good")

	t.Run("reload", func(t *testing.T) {
		other.config.Features = ""
		other.loader.config.Features = ""
		require.ErrorContains(t, other.Reload(t.Context()), "unknown name features.mugs_1d")
		other.serves("mugs")
		r.loader.config.Features = richer
		require.NoError(t, r.Reload(t.Context()))
		r.serves("mugs") // now it fits
	})
	t.Run("start", func(t *testing.T) {
		o := Options{Config: r.config, Log: r.App.log, Driver: undying{driver}}
		_, err := Open(t.Context(), o)
		assert.ErrorContains(t, err, "unknown name features.mugs_1d")
	})
}

func TestFeaturesThatThePresetDoesNotFit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "features.yaml")
	require.NoError(t, os.WriteFile(file, []byte("version: 1\nfeatures:\n  - {name: mugs, on: Mug Viewed, aggregate: count, windows: [1d]}\n"), 0o600))
	bundles := t.TempDir()
	r := start(t, func(o *Options) { o.Config.Features, o.Config.Bundles = file, bundles })
	status, _ := r.do("GET", "/playbook", "")
	assert.Equal(t, 404, status)
	_, body := r.do("POST", "/score", `{"customer_id":"c"}`)
	assert.Contains(t, body, `"actions":[]`)
	assert.Contains(t, body, `"playbook":null`)
	status, body = r.do("PUT", "/playbook", greeting("mine"))
	require.Equal(t, 200, status, body)
	r.serves("mine")
}

func TestAFilePinsThePlaybook(t *testing.T) {
	driver := memory.New(4)
	file := filepath.Join(t.TempDir(), "playbook.yaml")
	write := func(text string) { // as an editor does
		t.Helper()
		require.NoError(t, os.WriteFile(file+"~", []byte(text), 0o600))
		require.NoError(t, os.Rename(file+"~", file))
	}
	write(greeting("one"))
	free := start(t, func(o *Options) { o.Driver = undying{driver} })
	r := start(t, func(o *Options) { o.Driver, o.Config.Playbook = undying{driver}, file })
	r.serves("one")
	status, body := r.do("PUT", "/playbook", greeting("put"))
	assert.Equal(t, 409, status)
	assert.Contains(t, body, "/problems/pinned")
	status, _ = r.do("POST", "/playbook/check", greeting("put"))
	assert.Equal(t, 200, status)
	status, _ = free.do("PUT", "/playbook", greeting("put"))
	require.Equal(t, 200, status)
	free.serves("put")

	write(greeting("two"))
	r.serves("two")
	require.NoError(t, os.WriteFile(file, []byte(greeting("three")), 0o600)) // in place
	r.serves("three")
	write("version: 2\n")
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Contains(c, r.log.String(), "version: expected 1") }, 5*time.Second, 10*time.Millisecond)
	r.serves("three")
	require.NoError(t, r.Reload(t.Context()), "the features are well, so the old playbook goes on with them")
	r.serves("three")
	require.NoError(t, os.Remove(file))
	require.NoError(t, r.Reload(t.Context()))
	r.serves("three")
	write(greeting("four"))
	r.serves("four")
	require.NoError(t, r.stop())

	raw, err := driver.Meta(t.Context(), playbookKey)
	require.NoError(t, err)
	assert.Contains(t, string(raw), `"counter":2`, "the store's own is another's")

	write("plays: 3")
	o := Options{Config: r.config, Log: r.App.log, Driver: undying{driver}}
	_, err = Open(t.Context(), o)
	assert.ErrorContains(t, err, "version is missing", "there is no old one to go on with")
}

// outage is a store that can be lost.
type outage struct {
	store.Driver
	lost atomic.Bool
}

func (d *outage) Close() error { return nil }

func (d *outage) Meta(ctx context.Context, key string) ([]byte, error) {
	if d.lost.Load() {
		return nil, errors.New("the store is lost")
	}
	return d.Driver.Meta(ctx, key)
}

func TestALostStoreLeavesThePlaybookServing(t *testing.T) {
	d := &outage{Driver: memory.New(4)}
	r := start(t, func(o *Options) { o.Driver = d })
	status, _ := r.do("PUT", "/playbook", greeting("one"))
	require.Equal(t, 200, status)
	d.lost.Store(true)
	status, _ = r.do("PUT", "/playbook", greeting("two"))
	assert.Equal(t, http.StatusServiceUnavailable, status)
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Contains(c, r.log.String(), "read which playbook serves") }, 5*time.Second, 10*time.Millisecond)
	r.serves("one")
	d.lost.Store(false)
	status, _ = r.do("PUT", "/playbook", greeting("two"))
	require.Equal(t, 200, status)
	r.serves("two")
}

func TestServersThatPutAtOnceAgree(t *testing.T) {
	driver := memory.New(4)
	servers := []*running{
		start(t, func(o *Options) { o.Driver = undying{driver} }), start(t, func(o *Options) { o.Driver = undying{driver} }),
	}
	done := make(chan int, 8)
	for i := range 8 {
		go func() {
			status, _ := servers[i%2].do("PUT", "/playbook", greeting("p"+string(rune('a'+i))))
			done <- status
		}()
	}
	for range 8 {
		assert.Equal(t, 200, <-done)
	}
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		_, at := servers[0].do("GET", "/playbook", "")
		_, there := servers[1].do("GET", "/playbook", "")
		assert.Equal(c, at, there)
	}, 5*time.Second, 20*time.Millisecond)
	raw, err := driver.Meta(t.Context(), playbookKey)
	require.NoError(t, err)
	assert.Contains(t, string(raw), `"counter":9`)
}
