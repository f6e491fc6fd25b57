package main

import (
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// stopwatch adds up the processor time of this process over many short stretches: unlike the time on the wall it is the same on a
// busy machine.
type stopwatch struct {
	total   time.Duration
	started time.Duration
	allocs  uint64
	before  uint64
}

// oneCore has everything run on one core until release is called, and the garbage collector only when it is told to: what is measured
// allocates nothing to speak of, and should not pay for what made its input.
func oneCore() (release func()) {
	cores, percent := runtime.GOMAXPROCS(1), debug.SetGCPercent(-1)
	return func() {
		runtime.GOMAXPROCS(cores)
		debug.SetGCPercent(percent)
	}
}

func (s *stopwatch) start() {
	s.before = mallocs()
	s.started = processorTime()
}

func (s *stopwatch) stop() {
	s.total += processorTime() - s.started
	s.allocs += mallocs() - s.before
}

func processorTime() time.Duration {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage) // fails only on a bad argument
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
