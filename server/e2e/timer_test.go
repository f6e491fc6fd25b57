package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/store/redistest"
)

const reminding = `
version: 1
timezone: UTC
actions: {reminder: {kind: reminder, channels: [web], value: 1, expires: 1h, content: {text: still there}}}
plays: [{name: cart, on: Product Added, after: 3s, unless: Order Completed, propose: [reminder]}]
`

// TestTimersSurviveACrash: what waits in the store when a server is killed fires once when servers are back, and not for who paid.
func TestTimersSurviveACrash(t *testing.T) {
	book := filepath.Join(t.TempDir(), "playbook.yaml")
	require.NoError(t, os.WriteFile(book, []byte(reminding), 0o600))
	stores := map[string]struct {
		url     string
		servers int
	}{
		"pebble": {"pebble:" + t.TempDir(), 1},
		"redis":  {redistest.Start(t).URL(), 2},
	}
	for name, at := range stores {
		t.Run(name, func(t *testing.T) {
			s := start(t, at.url, "--playbook", book)
			happen(t, s, "Product Added", 40)
			happen(t, s, "Order Completed", 20)
			s.kill()
			servers := make([]*server, at.servers)
			for i := range servers {
				servers[i] = start(t, at.url, "--playbook", book)
			}
			require.Eventually(t, func() bool { return reminders(t, servers[0], 39) > 0 }, 20*time.Second, 100*time.Millisecond)
			time.Sleep(time.Second) // whatever would fire twice has had the time to
			for i := range 40 {
				want := 1
				if i < 20 {
					want = 0
				}
				require.Equal(t, want, reminders(t, servers[i%len(servers)], i), "customer c%d", i)
			}
		})
	}
}

// happen has the same happen to the first n customers.
func happen(t *testing.T, s *server, name string, n int) {
	t.Helper()
	events := make([]string, n)
	for i := range events {
		events[i] = fmt.Sprintf(`{"type":"track","event":%q,"customer_id":"c%d","channel":"web"}`, name, i)
	}
	var answer struct{ Accepted int }
	status, err := call(t.Context(), http.MethodPost, s.url+"/events", strings.NewReader("["+strings.Join(events, ",")+"]"), &answer)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, n, answer.Accepted)
}

// reminders is how many decisions the journal holds of a customer.
func reminders(t *testing.T, s *server, customer int) int {
	t.Helper()
	var profile struct {
		Decisions []struct {
			Actions []struct{ Action string }
		} `json:"recent_decisions"`
	}
	status, err := call(t.Context(), http.MethodGet, fmt.Sprintf("%s/customers/c%d?recent=100", s.url, customer), nil, &profile)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	n := 0
	for _, d := range profile.Decisions {
		for _, a := range d.Actions {
			require.Equal(t, "reminder", a.Action)
			n++
		}
	}
	return n
}
