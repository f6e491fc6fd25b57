package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/server/rehearse"
)

const reminding = `version: 1
actions: {thanks: {kind: thanks, channels: [email], value: 3}}
plays: [{name: ordered, on: Order Completed, propose: [thanks]}]
`

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func rehearsing(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := rehearseCommand()
	var out, complaints bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&complaints)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	err = cmd.Execute()
	return out.String(), complaints.String(), err
}

func TestRehearse(t *testing.T) {
	events, _ := orders(t, t.TempDir())
	file := write(t, "new.yaml", reminding)
	stdout, stderr, err := rehearsing(t, "--playbook", file, events)
	require.NoError(t, err)
	assert.Empty(t, stderr)
	assert.Regexp(t, `(?m)^72 events of 2 customers in 3.0 days, from 2026-01-01 to 2026-01-03; a score asked for at each Page Viewed$`, stdout)
	assert.Regexp(t, `(?m)^  ordered +24\.\d \(72, 2\) +-$`, stdout)
	assert.Regexp(t, `(?m)^  cart-unpaid +- +0\.0 \(0, 0\)$`, stdout, "the preset stands beside it")
	assert.Contains(t, stdout, "cannot tell (no decisions recorded)")

	stdout, _, err = rehearsing(t, "--playbook", file, "--against", "none", "--json", events)
	require.NoError(t, err)
	var report rehearse.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	require.Len(t, report.Policies, 1)
	assert.Equal(t, 72, report.Policies[0].Actions)
	assert.Equal(t, map[string]int{"2026-01-01": 24, "2026-01-02": 24, "2026-01-03": 24}, report.Policies[0].Plays[0].ByDay)
}

func TestRehearseSaysWhatIsWrong(t *testing.T) {
	events, _ := orders(t, t.TempDir())
	good := write(t, "good.yaml", reminding)
	bad := write(t, "bad.yaml", strings.NewReplacer("value: 3", "value: features.spent", "propose: [thanks]", "propose: [thank]").Replace(reminding))
	for _, c := range []struct {
		name, expected string
		usage          bool
		args           []string
	}{
		{"no playbook", "--playbook is required", true, []string{events}},
		{"no file", "expected event files, or --journal and no files", true, []string{"--playbook", good}},
		{"a file that is not there", "none.jsonl", false, []string{"--playbook", good, "none.jsonl"}},
		{"a playbook that is not there", "presets are [e-commerce service-desk software-trial]", false, []string{"--playbook", "none.yaml", events}},
		{"a mapping that is not there", "ga5", false, []string{"--playbook", good, "--mapping", "ga5", events}},
		{"a bundle that is not there", "--bundle none", false, []string{"--playbook", good, "--bundle", "none", events}},
		{"a playbook that is wrong", "bad.yaml is not fit to rehearse", false, []string{"--playbook", bad, events}},
		{"another that is wrong", "bad.yaml is not fit to rehearse", false, []string{"--playbook", good, "--against", bad, events}},
	} {
		stdout, stderr, err := rehearsing(t, c.args...)
		require.ErrorContains(t, err, c.expected, c.name)
		require.NotContains(t, err.Error(), "\n", c.name)
		require.Empty(t, stdout, c.name)
		var failed failure
		if c.usage {
			require.NotErrorAs(t, err, &failed, c.name)
		} else {
			require.ErrorAs(t, err, &failed, c.name)
		}
		if strings.Contains(c.expected, "bad.yaml") {
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			require.Len(t, lines, 2, stderr)
			require.Regexp(t, `bad\.yaml:2:\d+: .*unknown name features\.spent`, lines[0])
			require.Regexp(t, `bad\.yaml:3:\d+: .*thank`, lines[1])
		}
	}
}
