package live

import (
	"time"

	"github.com/halfstep-ml/halfstep/features"
)

// Outcome is what became of an action, as it stands in the journal.
type Outcome struct {
	ActionID string    `json:"action_id"`
	Action   string    `json:"action"`
	Variant  string    `json:"variant"`
	Play     string    `json:"play"`
	Outcome  string    `json:"outcome"`
	Value    float64   `json:"value"`
	At       time.Time `json:"at"`
	Issued   time.Time `json:"issued_at"`
	Held     bool      `json:"held"`
}

func appendOutcome(dst []byte, m *features.Mark) []byte {
	c := &m.Contact
	dst = append(dst, `{"action_id":`...)
	dst = appendText(dst, c.ID)
	dst = append(dst, `,"action":`...)
	dst = appendText(dst, c.Action)
	dst = append(dst, `,"variant":`...)
	dst = appendText(dst, c.Variant)
	dst = append(dst, `,"play":`...)
	dst = appendText(dst, c.Play)
	dst = append(dst, `,"outcome":`...)
	dst = appendText(dst, m.Outcome.String())
	dst = append(dst, `,"value":`...)
	dst = appendFloat(dst, m.Value)
	dst = append(dst, `,"at":`...)
	dst = appendTime(dst, m.At)
	dst = append(dst, `,"issued_at":`...)
	dst = appendTime(dst, c.At)
	if c.Flags&features.Held != 0 {
		dst = append(dst, `,"held":true`...)
	}
	return append(dst, '}')
}
