package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestExitCodes(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	bad := filepath.Join(folder, "bad.yaml")
	if err := os.WriteFile(bad, []byte("version: 1\nfeatures: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want int
		args []string
	}{
		{exitOK, []string{"version"}},
		{exitOK, []string{"help", "serve"}},
		{exitOK, []string{"features", "list"}},
		{exitOK, []string{"serve", "--print-config"}},
		{exitFailed, []string{"features", "check", bad}},
		{exitFailed, []string{"bundle", "inspect", folder}},
		{exitFailed, []string{"replay", "none.jsonl", "--out", folder}},
		{exitFailed, []string{"ingest", "none.jsonl"}},
		{exitUsage, []string{"predict-the-future"}},
		{exitUsage, []string{"serve", "--unknown"}},
		{exitUsage, []string{"serve", "--listen", "0.0.0.0:1"}},
		{exitUsage, []string{"serve", "--deadline", "soon"}},
		{exitUsage, []string{"features", "check"}},
		{exitUsage, []string{"replay", "--out", folder}},
		{exitUsage, []string{"ingest"}},
	} {
		if got := run(t.Context(), c.args); got != c.want {
			t.Errorf("halfstep %v: exit code %d, expected %d", c.args, got, c.want)
		}
	}
}

func TestMappingsAreFoundByNameOrFile(t *testing.T) {
	if m, err := readMapping(""); m != nil || err != nil {
		t.Errorf("got %v, %v", m, err)
	}
	if m, err := readMapping("ga4"); m == nil || err != nil {
		t.Errorf("got %v, %v", m, err)
	}
	if _, err := readMapping("ga5"); err == nil {
		t.Error("found a mapping that is not there")
	}
	if _, err := readMapping("./none.yaml"); err == nil {
		t.Errorf("got %v", err)
	}
}
