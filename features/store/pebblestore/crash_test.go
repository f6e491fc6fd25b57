package pebblestore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store/pebblestore"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

// crashDir names the folder that this test binary, run as a child, commits to until it is killed.
const crashDir = "HALFSTEP_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

func writeUntilKilled(dir string) {
	d, err := pebblestore.Open(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	storetest.WriteUntil(context.Background(), d, func(id string, version uint64) { fmt.Println(id, version) })
	os.Exit(1)
}

func TestKillKeepsAcknowledgedCommits(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]uint64{}
	for range 2 { // the second round finds a store that was killed before
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), crashDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			var id string
			var version uint64
			if _, err := fmt.Sscan(lines.Text(), &id, &version); err != nil {
				t.Fatalf("child says %q: %v", lines.Text(), err)
			}
			acknowledged[id] = version
			if n == 500 {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := child.Wait(); err == nil {
			t.Fatal("the child was not killed")
		}
		d := open(t, dir)
		storetest.CheckAcknowledged(t, d, acknowledged)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
