package load_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/benchmarks/load"
)

// serve starts a server and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestAStallCountsForThoseWhoHadToWait(t *testing.T) {
	const stall = 300 * time.Millisecond
	var once sync.Once
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { time.Sleep(stall) })
		fmt.Fprint(w, "{}")
	})
	plan := load.Plan{Addr: addr, Connections: 1, Requests: [][]byte{load.Post("/", nil)}, Duration: 600 * time.Millisecond}
	plan.Rate = 200
	open, err := plan.Run(t.Context())
	require.NoError(t, err)
	// While the only connection waited, some 60 more requests came due: had they not counted, only one answer would be slow.
	assert.Greater(t, open.Latency.P90, stall/4)
	assert.InDelta(t, 120, open.Requests, 50)
}

func TestOpenLoopKeepsItsSchedule(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	plan := load.Plan{Addr: addr, Connections: 4, Requests: [][]byte{load.Post("/", nil)}, Rate: 500, Duration: 400 * time.Millisecond, Seed: 7}
	first, err := plan.Run(t.Context())
	require.NoError(t, err)
	second, err := plan.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, first.Requests, second.Requests, "one seed, one schedule")
	assert.InDelta(t, 200, first.Requests, 60)
	assert.LessOrEqual(t, first.Latency.P50, first.Latency.P99)
}

func TestClosedLoopSendsEveryRequestOnce(t *testing.T) {
	seen := make([]atomic.Int32, 100)
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var i int
		_, _ = fmt.Sscan(string(body), &i)
		seen[i].Add(1)
		fmt.Fprintf(w, `%d again`, i)
	})
	requests := make([][]byte, len(seen))
	for i := range requests {
		requests[i] = load.Post("/", fmt.Append(nil, i))
	}
	plan := load.Plan{Addr: addr, Connections: 5, Requests: requests, Check: func(i, status int, body []byte) error {
		if want := fmt.Sprintf("%d again", i); status != 200 || string(body) != want {
			return fmt.Errorf("%s, expected %s", load.Describe(status, body), want)
		}
		return nil
	}}
	r, err := plan.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, len(seen), r.Requests)
	for i := range seen {
		assert.EqualValues(t, 1, seen[i].Load())
	}
}

func TestABadAnswerEndsTheRun(t *testing.T) {
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"status":     {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such customer", 404) }, "answered 404: no such customer"},
		"no length":  {func(w http.ResponseWriter, _ *http.Request) { _ = http.NewResponseController(w).Flush() }, "no Content-Length"},
		"broken off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "read the answer"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := load.Plan{Addr: serve(t, tc.handler), Connections: 2, Requests: [][]byte{load.Post("/", nil)}, Duration: time.Minute}
			_, err := plan.Run(t.Context())
			require.ErrorContains(t, err, tc.want)
		})
	}
	_, err := (&load.Plan{Addr: "127.0.0.1:1", Connections: 1}).Run(t.Context())
	require.ErrorContains(t, err, "connect")
}
