package load

import (
	"slices"
	"time"
)

// Times is a distribution of durations. Every one was kept, so its quantiles are exact.
type Times struct {
	P50, P90, P99, P999, Max time.Duration
}

func timesOf(all []time.Duration) Times {
	if len(all) == 0 {
		return Times{}
	}
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[min(int(q*float64(len(all))), len(all)-1)] }
	return Times{P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: all[len(all)-1]}
}
