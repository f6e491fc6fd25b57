package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/halfstep-ml/halfstep/features/dataset"
)

const afterOrders = `version: 1
name: reorder
points: {after: Order Completed}
positive: {event: Order Completed}
horizon: {duration: 1d}
`

// orders writes a file of orders, one an hour, of two customers in turn, and the label file.
func orders(t *testing.T, folder string) (events, labels string) {
	t.Helper()
	var b strings.Builder
	for i := range 72 {
		fmt.Fprintf(&b, `{"id":"e%d","event":"Order Completed","customer_id":"c%d","at":"2026-01-%02dT%02d:00:00Z","properties":{"revenue":5}}`+"\n", i, i%2, 1+i/24, i%24)
	}
	events, labels = filepath.Join(folder, "orders.jsonl"), filepath.Join(folder, "reorder.yaml")
	for path, text := range map[string]string{events: b.String(), labels: afterOrders} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return events, labels
}

func TestReplayWritesASet(t *testing.T) {
	folder := t.TempDir()
	events, labels := orders(t, folder)
	out := filepath.Join(folder, "out")
	for _, args := range [][]string{{events, "--labels", labels}, {events}, {events, "--at", "2026-01-02T00:30:00Z"}} {
		if got := run(t.Context(), append([]string{"replay", "--out", out}, args...)); got != exitOK {
			t.Fatalf("replay %v: exit code %d", args, got)
		}
	}
	set, err := dataset.Read(filepath.Join(out, "reorder.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if set.Rows() != 48 || set.Counts.Dropped != 24 || set.Counts.Positives != 48 {
		t.Errorf("%d rows, %+v", set.Rows(), set.Counts)
	}
	if len(set.Sources) != 1 || len(set.Sources[0].SHA256) != 64 || set.Meta.Labels.Text != afterOrders {
		t.Errorf("the set does not say what it was made of: %+v", set.Meta)
	}
	snapshot, err := dataset.Read(filepath.Join(out, "snapshot.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.Rows() != 2 {
		t.Errorf("%d rows of two customers", snapshot.Rows())
	}
}

func TestTrainSetNeedsLabels(t *testing.T) {
	folder := t.TempDir()
	events, labels := orders(t, folder)
	if got := run(t.Context(), []string{"train-set", events, "--out", folder}); got != exitUsage {
		t.Errorf("without labels: exit code %d", got)
	}
	if got := run(t.Context(), []string{"train-set", events, "--labels", labels, "--out", folder}); got != exitOK {
		t.Errorf("with labels: exit code %d", got)
	}
}

func TestAReplayThatIsStoppedLeavesNoSet(t *testing.T) {
	folder := t.TempDir()
	events, labels := orders(t, folder)
	out := filepath.Join(folder, "out")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := run(ctx, []string{"replay", events, "--labels", labels, "--out", out}); got != exitFailed {
		t.Fatalf("exit code %d", got)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
