package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/models/bundletest"
)

// execute runs one command and returns what it says.
func execute(t *testing.T, cmd *cobra.Command, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestBundlesThatReadText(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mood")
	if err := os.CopyFS(folder, bundletest.Text().Files()); err != nil {
		t.Fatal(err)
	}
	if out, err := execute(t, bundleCommand(), "verify", folder); err != nil || out != "mood@1 is sound: 2 inputs, 4 golden rows\n" {
		t.Errorf("verify: got %q, %v", out, err)
	}
	if out, err := execute(t, bundleCommand(), "inspect", folder); err != nil || !strings.Contains(out, "kind: text") {
		t.Errorf("inspect: got %q, %v", out, err)
	}
	events, labels := orders(t, t.TempDir())
	if _, err := execute(t, replayCommand(), events, "--labels", labels, "--out", folder); err != nil {
		t.Fatal(err)
	}
	_, err := execute(t, evaluateCommand(), "--bundle", folder, "--set", filepath.Join(folder, "reorder.parquet"))
	if err == nil || !strings.Contains(err.Error(), "reads text") {
		t.Errorf("evaluate: got %v, expected it to say that the bundle reads text", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "model.onnx"), bundletest.ONNX("plain"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := execute(t, bundleCommand(), "verify", folder); err == nil || !strings.Contains(err.Error(), "sha256") {
		t.Errorf("verify of another model: got %v", err)
	}
}
