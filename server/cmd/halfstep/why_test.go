package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func asks(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	cmd := whyCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestWhyAsksAServer(t *testing.T) {
	answer := `{"decision_id":"0001-D","customer_id":"c","at":"2026-01-31T12:00:00.000Z","identical":true,"steps":[],"record":{"asked":true,"channel":"web","vector":"ab"}}`
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/decisions/0001-D/why", r.URL.Path)
		require.Equal(t, "Bearer k", r.Header.Get("Authorization"))
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	out, err := asks(t, "0001-D", "--url", server.URL, "--key", "k")
	require.NoError(t, err)
	require.Contains(t, out, "0001-D, for c at 2026-01-31T12:00:00.000Z, asked for on \"web\"")
	require.Contains(t, out, "\nidentical\n")

	answer = `{"decision_id":"0001-D","identical":false,"difference":"vector: recorded \"ab\", again \"cd\"","steps":[{"step":"vector","identical":false}],"record":{"vector":"ab"}}`
	out, err = asks(t, "0001-D", "--url", server.URL, "--key", "k")
	require.ErrorIs(t, err, errDifferent)
	require.Contains(t, out, `different: vector: recorded "ab", again "cd"`)
	require.Contains(t, out, "(otherwise when made again)")

	status, answer = http.StatusNotFound, `{"title":"There is no such decision","detail":"gone"}`
	_, err = asks(t, "0001-D", "--url", server.URL, "--key", "k")
	require.ErrorContains(t, err, "404 Not Found: There is no such decision: gone")
	_, err = asks(t, "0001-D", "--url", "ftp://x")
	require.ErrorContains(t, err, "url: got")
}
