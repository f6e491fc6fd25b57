package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

// Issued is a proactive action as the journal tells of it.
type Issued struct {
	ID       string // of the action; what to recognise a repetition by
	Customer string
	Decision string
	Action   string // its name in the playbook
	Kind     string
	Channel  string
	Play     string
	Text     string   // of the content, empty when it has none
	Reasons  []string // as sentences
	At       time.Time
	// Message is what is delivered: one line of JSON with decision_id, customer_id, trigger and the members of the action.
	Message []byte

	owner   string // the customer whose journal this is in, and their version: what an erasure goes by
	version uint64
}

// record is what delivery reads of a decision's record.
type record struct {
	Decision  string            `json:"decision_id"`
	Customer  string            `json:"customer_id"`
	At        time.Time         `json:"at"`
	Trigger   json.RawMessage   `json:"trigger"`
	Proactive bool              `json:"proactive"`
	Actions   []json.RawMessage `json:"actions"`
}

// action is what it reads of an action.
type action struct {
	ID       string    `json:"id"`
	Action   string    `json:"action"`
	Kind     string    `json:"kind"`
	Channel  string    `json:"channel"`
	Play     string    `json:"play"`
	IssuedAt time.Time `json:"issued_at"`
	Decision string    `json:"decision_id"` // empty: that of the record
	Content  struct {
		Text any `json:"text"` // the playbook's author may put anything there
	} `json:"content"`
	Reasons []struct {
		Text string `json:"text"`
	} `json:"reasons"`
}

// issuedOf returns the proactive actions of a journal entry; none when it is something else.
func issuedOf(e *store.Entry) ([]Issued, error) {
	// Most entries are events, and most decisions are answers: these are not worth reading. Records are written without spaces.
	if e.Kind != store.RecordDecision || !bytes.Contains(e.Data, []byte(`"proactive":true`)) {
		return nil, nil
	}
	var r record
	if err := json.Unmarshal(e.Data, &r); err != nil {
		return nil, fmt.Errorf("read a decision record: %w", err)
	}
	if !r.Proactive {
		return nil, nil
	}
	out := make([]Issued, 0, len(r.Actions))
	for i, raw := range r.Actions {
		one, err := r.issued(raw)
		if err != nil {
			return nil, fmt.Errorf("read actions[%d] of decision %s: %w", i, r.Decision, err)
		}
		one.owner, one.version = e.Customer, e.Version
		out = append(out, one)
	}
	return out, nil
}

func (r *record) issued(raw json.RawMessage) (Issued, error) {
	var a action
	if err := json.Unmarshal(raw, &a); err != nil {
		return Issued{}, err
	}
	if a.ID == "" {
		return Issued{}, errors.New("id is empty, expected the action's id")
	}
	message, err := r.message(raw, a.Decision == "")
	if err != nil {
		return Issued{}, err
	}
	one := Issued{
		ID: a.ID, Customer: r.Customer, Decision: r.Decision, Action: a.Action, Kind: a.Kind, Channel: a.Channel, Play: a.Play,
		At: r.At, Message: message,
	}
	if a.Decision != "" {
		one.Decision = a.Decision
	}
	if a.IssuedAt.After(one.At) {
		one.At = a.IssuedAt
	}
	one.Text, _ = a.Content.Text.(string)
	for _, reason := range a.Reasons {
		one.Reasons = append(one.Reasons, reason.Text)
	}
	return one, nil
}

// message lays the decision around the action, whose members stay as they were recorded; the decision's id may be one of them.
func (r *record) message(action json.RawMessage, identify bool) ([]byte, error) {
	around := struct {
		Decision string          `json:"decision_id,omitempty"`
		Customer string          `json:"customer_id"`
		Trigger  json.RawMessage `json:"trigger"`
	}{Customer: r.Customer, Trigger: r.Trigger}
	if identify {
		around.Decision = r.Decision
	}
	head, err := json.Marshal(around)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	if err := json.Compact(&body, action); err != nil {
		return nil, err
	}
	return slices.Concat(head[:len(head)-1], []byte{','}, body.Bytes()[1:]), nil
}
