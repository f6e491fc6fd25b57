// Package ort runs ONNX models on ONNX Runtime: it finds the shared library, starts it once a process and opens sessions whose runs
// allocate nothing. Nothing outside this package knows which runtime is underneath.
package ort

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"
)

// Options says which library to load and how many runs may be under way at once.
type Options struct {
	// Library is the path of libonnxruntime.so; empty means the one Locate finds.
	Library string
	// Parallel bounds the runs under way at once over all sessions; 0 means one a core. More than the cores makes every run slower
	// and the slowest far slower.
	Parallel int
}

// Runtime is the loaded library together with the gate that every run passes.
type Runtime struct {
	gate chan struct{}
}

// environment is what ONNX Runtime keeps once a process. It is never torn down: sessions may outlive any one Runtime, and the
// library does not support being unloaded.
var environment struct {
	sync.Mutex
	library string
}

// Start loads the library, or joins the one already loaded in this process; a process cannot load two.
func Start(options Options) (*Runtime, error) {
	library, err := Locate(options.Library)
	if err != nil {
		return nil, err
	}
	if err := startEnvironment(library); err != nil {
		return nil, err
	}
	parallel := options.Parallel
	if parallel <= 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	return &Runtime{gate: make(chan struct{}, parallel)}, nil
}

func startEnvironment(library string) error {
	environment.Lock()
	defer environment.Unlock()
	if environment.library == library {
		return nil
	}
	if environment.library != "" {
		return fmt.Errorf("ONNX Runtime is already loaded from %s, cannot load %s too", environment.library, library)
	}
	onnx.SetSharedLibraryPath(library)
	if err := onnx.InitializeEnvironment(onnx.WithLogLevelError()); err != nil {
		return fmt.Errorf("load ONNX Runtime from %s: %w", library, err)
	}
	if err := onnx.DisableTelemetry(); err != nil {
		return fmt.Errorf("switch off ONNX Runtime's telemetry: %w", err)
	}
	environment.library = library
	return nil
}

// Version returns the version of the loaded library, as in "1.31.1".
func (r *Runtime) Version() string { return onnx.GetVersion() }

// Acquire waits for one of the places at the gate, which Release gives back. Hold it around Session.Run, and not for long: a batch is
// better split. The error wraps ctx.Err and says that the wait, not the run, took too long.
func (r *Runtime) Acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait to run a model: %w", err)
	}
	select {
	case r.gate <- struct{}{}:
		return nil
	default:
	}
	select {
	case r.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to run a model: %w", ctx.Err())
	}
}

// Release gives the place taken by Acquire back.
func (r *Runtime) Release() { <-r.gate }
