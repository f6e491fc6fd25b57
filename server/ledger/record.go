package ledger

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/live"
)

// decision is what is read of a decision's record.
type decision struct {
	Actions []action `json:"actions"`
	Held    []action `json:"held_actions"`
	Draws   []draw   `json:"draws"`
}

type action struct {
	ID      string    `json:"id"`
	Action  string    `json:"action"`
	Variant string    `json:"variant"`
	Play    string    `json:"play"`
	Issued  time.Time `json:"issued_at"`
}

// draw is a choice that chance made.
type draw struct {
	Action     string  `json:"action_id"`
	Choice     string  `json:"choice"`
	Segment    string  `json:"segment"`
	Arm        string  `json:"arm"`
	Propensity float64 `json:"propensity"`
}

// readDecision reads a decision's record; of one that issued nothing, nothing.
func readDecision(e *store.Entry) (d decision, err error) {
	if !bytes.Contains(e.Data, []byte(`actions":[{`)) {
		return d, nil
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return d, fmt.Errorf("read a decision record: %w", err)
	}
	return d, nil
}

func readOutcome(e *store.Entry) (o live.Outcome, err error) {
	if err := json.Unmarshal(e.Data, &o); err != nil {
		return o, fmt.Errorf("read an outcome record: %w", err)
	}
	return o, nil
}
