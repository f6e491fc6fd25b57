package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/pebblestore"
	"github.com/halfstep-ml/halfstep/models/bundletest"
)

// textBundles is a folder of a model of sentiment and one of intents.
func textBundles(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, b := range []bundletest.Bundle{
		bundletest.TextFor("sentiment", "mood", "content"), bundletest.TextFor("intent", "long_story", "shouting"),
	} {
		require.NoError(t, os.CopyFS(filepath.Join(folder, b.Name, "1"), b.Files()))
	}
	return folder
}

// enrichedEvents are the messages of a journal, by id.
func enrichedEvents(t *testing.T, driver store.Driver) map[string]event.Event {
	t.Helper()
	found := map[string]event.Event{}
	for shard := range driver.Shards() {
		entries, err := driver.ReadJournal(t.Context(), shard, "", 1000)
		require.NoError(t, err)
		for i := range entries {
			e, err := event.Decode(entries[i].Data, event.Origin{History: true})
			require.NoError(t, err)
			found[e.ID] = e
		}
	}
	return found
}

// TestMessagesAreReadOnce is the promise that what a model once read in a message is part of the event: a replay of the journal, which
// has no model, comes to the same vectors.
func TestMessagesAreReadOnce(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "pebble:"+dir, "--bundles", textBundles(t))
	now := time.Now()
	post := func(id, customer, text string, ago time.Duration) {
		body := fmt.Sprintf(`{"id":%q,"event":"Message Received","customer_id":%q,"at":%q,"properties":{"text":%q}}`,
			id, customer, now.Add(-ago).UTC().Format(time.RFC3339Nano), text)
		var answer struct{ Accepted int }
		status, err := call(t.Context(), http.MethodPost, s.url+"/events", strings.NewReader(body), &answer)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, 1, answer.Accepted)
	}
	post("a1", "a", "物流太慢了", 3*time.Minute)
	post("a2", "a", strings.Repeat("三天还没到，差评！", 9), 2*time.Minute)
	post("b1", "b", "thanks", time.Minute)
	at := now.Add(time.Minute).UnixMilli()
	live := vectors(t, s.url, []string{"a", "b"}, at)
	assert.NotZero(t, live["a"]["sentiment_last"])
	assert.Greater(t, live["a"]["sentiment_slope"], float32(0), "the second message is longer, which this model takes for better")
	var scored struct {
		Intents []struct{ Name string }
	}
	_, err := call(t.Context(), http.MethodPost, s.url+"/score", strings.NewReader(`{"customer_id":"a"}`), &scored)
	require.NoError(t, err)
	assert.Len(t, scored.Intents, 2)
	s.stop(t)

	driver, err := pebblestore.Open(dir)
	require.NoError(t, err)
	for id, e := range enrichedEvents(t, driver) {
		assert.Equal(t, "sentiment@1", e.Enriched.Path([]string{"models", "sentiment"}).Text(), id)
		assert.Equal(t, event.Map, e.Enriched.Get("intents").Kind, id)
	}
	compare(t, replay.Journal(driver), at, live, nil)
	require.NoError(t, driver.Close())
}

// TestImportsAreRead is the way of messages through `halfstep ingest` into a store that no server has open.
func TestImportsAreRead(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "messages.jsonl")
	at := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	lines := fmt.Sprintf(`{"id":"plain","event":"Message Received","customer_id":"c","at":%[1]q,"properties":{"text":"hello"}}
{"id":"read","event":"Message Received","customer_id":"c","at":%[1]q,"properties":{"text":"hello"},"enriched":{"sentiment":-0.5,"models":{"sentiment":"sentiment@7"}}}
`, at)
	require.NoError(t, os.WriteFile(file, []byte(lines), 0o600))
	out, err := exec.CommandContext(t.Context(), binary, "ingest", file, "--anew", "--store", "pebble:"+dir, "--bundles", textBundles(t)).CombinedOutput()
	require.NoError(t, err, string(out))
	driver, err := pebblestore.Open(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, driver.Close()) }()
	found := enrichedEvents(t, driver)
	plain, read := found["plain"], found["read"]
	assert.Equal(t, "sentiment@1", plain.Enriched.Path([]string{"models", "sentiment"}).Text())
	assert.Equal(t, `{"sentiment":-0.5,"models":{"sentiment":"sentiment@7"}}`, string(read.Enriched.AppendJSON(nil)), "what was read before stays as it is")
}
