package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/models/bundletest"
)

func TestReloadReplacesModelsThatReadText(t *testing.T) {
	folder := t.TempDir()
	place := func(version string, change func(*bundletest.Bundle)) {
		b := bundletest.TextFor("sentiment", "mood", "content")
		if change != nil {
			change(&b)
		}
		require.NoError(t, os.CopyFS(filepath.Join(folder, b.Name, version), b.Files()))
	}
	place("1", nil)
	r := start(t, func(o *Options) { o.Config.Bundles = folder })
	reader := func(id string) string {
		status, _ := r.do("POST", "/events", `{"id":"`+id+`","event":"Message Received","customer_id":"c","properties":{"text":"hello"}}`)
		require.Equal(t, 200, status)
		_, profile := r.do("GET", "/customers/c?recent=9", "")
		_, event, _ := strings.Cut(profile, `"id":"`+id+`"`)
		_, model, _ := strings.Cut(event, `"models":{"sentiment":"`)
		model, _, _ = strings.Cut(model, `"`)
		return model
	}
	assert.Equal(t, "sentiment@1", reader("a"))
	place("2", func(b *bundletest.Bundle) { b.Version, b.Golden.Scores[0][0] = 2, 0 })
	require.ErrorContains(t, r.Reload(t.Context()), "sentiment/2: load bundle sentiment@2")
	assert.Equal(t, "sentiment@1", reader("b"), "a bad bundle leaves the old one reading")
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "sentiment", "2")))
	place("2", func(b *bundletest.Bundle) { b.Version = 2 })
	require.NoError(t, r.Reload(t.Context()))
	assert.Equal(t, "sentiment@2", reader("c"))
	_, version := r.do("GET", "/version", "")
	assert.Contains(t, version, `"bundles":["sentiment@2"]`)
}
