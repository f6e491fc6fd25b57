package app

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store/memory"
)

const worded = `version: 1
actions: {hello: {kind: note, channels: [web], content: {text: "-"}, variants: {plain: {text: a}, warm: {text: b}}, learning: {mode: champion, reward: accepted}}}
plays: [{name: greet, ask: true, propose: [hello]}]
`

// TestAllServersLearnWithinASecond has customers of one server accept a wording, and looks at another, and at one that starts later.
func TestAllServersLearnWithinASecond(t *testing.T) {
	driver := memory.New(16)
	first := start(t, func(o *Options) { o.Driver = undying{driver} })
	second := start(t, func(o *Options) { o.Driver = undying{driver} })
	status, body := first.do("PUT", "/playbook", worded)
	require.Equal(t, 200, status, body)
	first.serves("greet")
	wording, ids := "", []string{}
	for n := range 6 {
		_, body := first.do("POST", "/score", fmt.Sprintf(`{"customer_id":"c-%d","channel":"web"}`, n))
		var answer struct {
			Actions []struct{ ID, Variant string }
		}
		require.NoError(t, json.Unmarshal([]byte(body), &answer))
		require.Len(t, answer.Actions, 1)
		if got := answer.Actions[0]; wording == "" || got.Variant == wording {
			wording, ids = got.Variant, append(ids, fmt.Sprintf(`c-%d","properties":{"action_id":"%s"}`, n, got.ID))
		}
	}
	for _, id := range ids {
		status, body := first.do("POST", "/events", `{"type":"track","event":"Action Accepted","customer_id":"`+id+`}`)
		require.Equal(t, 200, status, body)
	}
	told := time.Now()
	knows := func(r *running) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			_, body := r.do("GET", "/reports/actions?action=hello", "")
			assert.Contains(c, body, fmt.Sprintf(`"accepted":%d`, len(ids)))
			assert.Contains(c, body, fmt.Sprintf(`"rewards":%d`, len(ids)))
			assert.Contains(c, body, `"complete":true`)
		}, 5*time.Second, 20*time.Millisecond)
	}
	knows(second)
	assert.Less(t, time.Since(told), time.Second)
	_, body = second.do("POST", "/score", `{"customer_id":"another","channel":"web"}`)
	assert.Contains(t, body, `"variant":"`+wording+`"`, "it is the champion")

	require.NoError(t, first.stop())
	later := start(t, func(o *Options) { o.Driver = undying{driver} })
	knows(later)
}
