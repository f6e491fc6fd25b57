package load

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// pinForSleeping keeps the calling goroutine on a thread of its own that the kernel wakes without slack. Go's own timers are late by up
// to a millisecond when nothing else runs, which is as long as an answer takes.
func pinForSleeping() (release func()) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // without it sleeps are 50 us longer, which shows in Late
	return func() {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // the default
		runtime.UnlockOSThread()
	}
}

func sleepUntil(t time.Time) {
	for {
		left := time.Until(t)
		if left <= 0 {
			return
		}
		wait := unix.NsecToTimespec(left.Nanoseconds())
		_ = unix.Nanosleep(&wait, nil) // a signal may end it early: look again
	}
}
