package delivery

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

func entry(data string) *store.Entry {
	return &store.Entry{Customer: "c", Version: 3, Record: store.Record{Kind: store.RecordDecision, Data: []byte(data)}}
}

func TestIssuedOfARecord(t *testing.T) {
	const data = `{"decision_id":"d-1","customer_id":"c","at":"2026-01-31T12:00:00Z","trigger":{"play":"p"}, "proactive":true,
		"actions":[{"id":"a-1","action":"coupon","kind":"coupon","channel":"web","variant":"warm","content":{"text":"Hi","deep":[1, 2]},
		"propensity":0.5,"later":{"x": 1e3},"reasons":[{"text":"because"}],"issued_at":"2026-01-31T12:00:01Z"},{"id":"a-2","decision_id":"d-0","content":{"text":7}}]}`
	got, err := issuedOf(entry(data))
	if err != nil || len(got) != 2 {
		t.Fatalf("got %v, %v", got, err)
	}
	one := got[0]
	const message = `{"decision_id":"d-1","customer_id":"c","trigger":{"play":"p"},"id":"a-1","action":"coupon","kind":"coupon","channel":"web",` +
		`"variant":"warm","content":{"text":"Hi","deep":[1,2]},"propensity":0.5,"later":{"x":1e3},"reasons":[{"text":"because"}],"issued_at":"2026-01-31T12:00:01Z"}`
	if string(one.Message) != message {
		t.Errorf("the message is\n%s, expected\n%s", one.Message, message)
	}
	if second := got[1]; second.Decision != "d-0" || string(second.Message) != `{"customer_id":"c","trigger":{"play":"p"},"id":"a-2","decision_id":"d-0","content":{"text":7}}` {
		t.Errorf("an action that names its decision is %s", second.Message)
	}
	if one.ID != "a-1" || one.Customer != "c" || one.Channel != "web" || one.Text != "Hi" || one.Reasons[0] != "because" ||
		!one.At.Equal(time.Date(2026, 1, 31, 12, 0, 1, 0, time.UTC)) || one.owner != "c" || one.version != 3 {
		t.Errorf("got %+v", one)
	}
}

func TestWhatIsNotIssued(t *testing.T) {
	for _, data := range []string{`{"id":"x","key":"y","answer":{}}`, `{"proactive":false,"actions":[{"id":"a"}]}`, `{"proactive":true,"actions":[]}`} {
		if got, err := issuedOf(entry(data)); err != nil || len(got) != 0 {
			t.Errorf("%s: got %v, %v", data, got, err)
		}
	}
	e := entry(`{"proactive":true,"actions":[{"id":"a"}]}`)
	e.Kind = store.RecordEvent
	if got, err := issuedOf(e); err != nil || len(got) != 0 {
		t.Errorf("an event is %v, %v", got, err)
	}
}

func TestUnreadableRecordsAreNamed(t *testing.T) {
	for data, want := range map[string]string{
		`{"proactive":true,"actions":[{"id":""}]}`:                           "actions[0]",
		`{"decision_id":"d-7","proactive":true,"actions":[{"id":"a"},null]}`: "decision d-7",
		`{"proactive":true,"actions":{}}`:                                    "actions",
		`{"proactive":true`:                                                  "decision record",
	} {
		if _, err := issuedOf(entry(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, expected it to mention %q", data, err, want)
		}
	}
}

func FuzzIssuedOf(f *testing.F) {
	f.Add([]byte(`{"decision_id":"d","proactive":true,"actions":[{"id":"a","content":{"text":"x"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		issued, err := issuedOf(entry(string(data)))
		if err != nil {
			return
		}
		for _, one := range issued {
			if !json.Valid(one.Message) || bytes.ContainsRune(one.Message, '\n') {
				t.Errorf("the message is %q", one.Message)
			}
			_, _, body, err := weCom{}.request(&one, time.Now())
			if err != nil || !json.Valid(body) {
				t.Errorf("the robot's message is %q, %v", body, err)
			}
		}
	})
}
