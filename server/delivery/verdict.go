package delivery

import (
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// verdict is what follows from an attempt that failed: try again when the usual time is over (0), after a time that the receiver named,
// or never.
type verdict time.Duration

const (
	again verdict = 0
	never verdict = -1
)

// of puts an error into the words of package backoff.
func (v verdict) of(err error) error {
	switch {
	case err == nil:
		return nil
	case v == never:
		return backoff.Permanent(err)
	case v > 0:
		return &backoff.RetryAfterError{Duration: time.Duration(v)}
	}
	return err
}

// judge reads the verdict from an answer.
func judge(response *http.Response, now time.Time) verdict {
	switch response.StatusCode {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return never
	}
	text := response.Header.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return verdict(min(max(wait, 0), longestWait))
}
