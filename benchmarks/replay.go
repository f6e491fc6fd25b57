package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/halfstep-ml/halfstep/benchmarks/ga4"
	"github.com/halfstep-ml/halfstep/benchmarks/report"
)

const (
	replayLabels = "benchmarks/replay.yaml"
	replayCores  = 2
	// replayedAtLeast is how many points there are to be: 128,829 sessions, without those that run into the end of the data.
	replayedAtLeast = 100_000
)

// replay measures the command as users run it, from the compressed file to the Parquet file.
func (b *bench) replay(ctx context.Context) ([]report.Row, error) {
	program, err := b.halfstepProgram(ctx)
	if err != nil {
		return nil, err
	}
	var seconds, processor []float64
	points := int64(0)
	for range passes {
		out := filepath.Join(b.scratch, "replay")
		cmd := exec.CommandContext(ctx, program, "replay", ga4.Path(b.data), "--mapping", "ga4", "--labels", replayLabels, "--out", out, "--workers", strconv.Itoa(replayCores))
		cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(min(replayCores, runtime.NumCPU())))
		start := time.Now()
		if said, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, said)
		}
		seconds = append(seconds, time.Since(start).Seconds())
		processor = append(processor, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
		if points, err = countPoints(filepath.Join(out, "ga4_sessions.parquet")); err != nil {
			return nil, err
		}
	}
	return []report.Row{{
		Name: "replay", What: fmt.Sprintf("replay GA4 to Parquet on %d cores", replayCores), Unit: "s", Measured: median(seconds), Must: 12, Aim: 4,
		Details: map[string]float64{"points": float64(points), "processor_seconds": median(processor)},
	}}, nil
}

func countPoints(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read the set: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("read the set: %w", err)
	}
	set, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return 0, fmt.Errorf("read the set: %w", err)
	}
	if set.NumRows() < replayedAtLeast {
		return 0, fmt.Errorf("the set has %d points, expected at least %d", set.NumRows(), replayedAtLeast)
	}
	return set.NumRows(), nil
}
