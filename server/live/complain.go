package live

import (
	"sync"
	"time"
)

// quiet is how long the same complaint is not logged again: a lost store is one line, not one a request.
const quiet = 10 * time.Second

// complaints remembers what was logged when. What is said comes from a short list, so it stays small.
type complaints struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (c *complaints) due(what string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.last[what]; ok && now.Sub(last) < quiet {
		return false
	}
	if c.last == nil {
		c.last = map[string]time.Time{}
	}
	c.last[what] = now
	return true
}

// complain logs what went wrong with a dependency, now and then. The metrics count every time.
func (e *Engine) complain(what string, err error) {
	if e.complaints.due(what, time.Now()) {
		e.log.Warn(what, "error", err, "quiet_for", quiet)
	}
}
