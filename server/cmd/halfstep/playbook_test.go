package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/server/playbook"
)

func check(t *testing.T, data []byte) (stdout, stderr string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "playbook.yaml")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	cmd := playbookCommand()
	var out, complaints bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&complaints)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"check", file})
	err = cmd.Execute()
	return out.String(), strings.ReplaceAll(complaints.String(), file, "FILE"), err
}

func TestPlaybookCheck(t *testing.T) {
	file, err := playbook.Preset(playbook.DefaultPreset, "en")
	require.NoError(t, err)
	stdout, stderr, err := check(t, file)
	require.NoError(t, err)
	assert.Empty(t, stderr)
	assert.Regexp(t, regexp.MustCompile(`^ok [0-9a-f]{16} \(14 plays, 20 actions\)\n$`), stdout)

	file = bytes.Replace(file, []byte("max: 4"), []byte("max: -1"), 1)
	file = bytes.Replace(file, []byte("predictions.churn > 0.7"), []byte("predictions.chrun > 0.7"), 1)
	stdout, stderr, err = check(t, file)
	var failed failure
	require.ErrorAs(t, err, &failed, "which is exit code 1")
	assert.Empty(t, stdout)
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	require.Len(t, lines, 2, stderr)
	assert.Regexp(t, `^FILE:\d+:\d+: max: expected a whole number from 0 to 1000$`, lines[0])
	assert.Regexp(t, `^FILE:\d+:\d+: when: unknown name predictions.chrun; did you mean predictions.churn\?$`, lines[1])
}
