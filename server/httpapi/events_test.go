package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestEventsInEveryShape(t *testing.T) {
	for _, c := range []struct {
		name, body string
		accepted   float64
	}{
		{"one", `{"event":"A","customer_id":"c"}`, 1},
		{"one over several lines", "{\n\"event\":\"A\",\n\"customer_id\":\"c\"}", 1},
		{"array", `[{"event":"A","customer_id":"c"},{"event":"B","anonymous_id":"x"}]`, 2},
		{"lines", "{\"event\":\"A\",\"customer_id\":\"c\"}\n{\"event\":\"B\",\"customer_id\":\"c\"}\n", 2},
		{"Segment's names", `{"messageId":"m","type":"page","name":"Home","userId":"c","timestamp":"2026-01-31T11:00:00Z"}`, 1},
		{"empty array", `[]`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newHarness(t, nil).do("POST", "/events", c.body)
			if v := got.json(t); got.status != 200 || v["accepted"] != c.accepted {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}

func TestAnEventCountsOnce(t *testing.T) {
	h := newHarness(t, nil)
	body := `[{"id":"1","event":"A","customer_id":"c"},{"id":"1","event":"A","customer_id":"c"},{"id":"2","event":"A","customer_id":"c"}]`
	for i, want := range []string{`"accepted":2,"duplicates":1`, `"accepted":0,"duplicates":3`} {
		if got := h.do("POST", "/events", body); !strings.Contains(string(got.body), want) {
			t.Errorf("time %d: got %s, expected %s", i+1, got.body, want)
		}
	}
	if v := h.do("GET", "/customers/c", "").json(t); v["events"] != 2.0 {
		t.Errorf("got %v events, expected 2", v["events"])
	}
}

func TestWrongEventsDoNotSpoilTheOthers(t *testing.T) {
	got := newHarness(t, nil).do("POST", "/events", `[{"event":"A","customer_id":"c"},{"event":"A"},{"event":"A","customer_id":"c","at":"yesterday"}]`)
	v := got.json(t)
	rejected := v["rejected"].([]any)
	if got.status != 200 || v["accepted"] != 1.0 || len(rejected) != 2 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	if last := rejected[1].(map[string]any); last["index"] != 2.0 || last["field"] != "at" {
		t.Errorf("got %v, expected index 2, field at", last)
	}
}

func TestEventsThatCannotBeRead(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for _, c := range []struct {
		name, body string
		status     int
		field      string
	}{
		{"nothing", ``, 400, ""},
		{"no JSON", `hello`, 400, ""},
		{"cut in half", `{"event":"A","customer`, 400, ""},
		{"array cut in half", `[{"event":"A","customer_id":"c"}`, 400, ""},
		{"nested deep", `{"event":"A","customer_id":"c","properties":{"x":` + deep + `}}`, 400, "properties.x"},
		{"empty id", `{"event":"A","customer_id":""}`, 400, "customer_id"},
		{"id of 10 KB", `{"event":"A","customer_id":"` + strings.Repeat("x", 10<<10) + `"}`, 400, "customer_id"},
		{"invalid UTF-8", "{\"event\":\"\xff\",\"customer_id\":\"c\"}", 400, "event"},
		{"duplicate key", `{"event":"A","customer_id":"c","event":"B"}`, 400, "event"},
		{"huge number", `{"event":"A","customer_id":"c","properties":{"x":1e999}}`, 400, "properties.x"},
		{"NaN", `{"event":"A","customer_id":"c","properties":{"x":NaN}}`, 400, "properties.x"},
		{"year 1", `{"event":"A","customer_id":"c","at":"0001-01-01T00:00:00Z"}`, 400, "at"},
		{"year 9999", `{"event":"A","customer_id":"c","at":"9999-01-01T00:00:00Z"}`, 400, "at"},
		{"wrong type", `{"event":7,"customer_id":"c"}`, 400, "event"},
		{"received_at", `{"event":"A","customer_id":"c","received_at":"2026-01-01T00:00:00Z"}`, 400, "received_at"},
		{"enriched", `{"event":"Message Received","customer_id":"c","enriched":{"sentiment":1}}`, 400, "enriched"},
		{"too many bytes", strings.Repeat(" ", 600<<10), 413, ""},
		{"too many events", "[" + strings.TrimSuffix(strings.Repeat(`{"event":"A","customer_id":"c"},`, 2501), ",") + "]", 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newHarness(t, nil).do("POST", "/events", c.body)
			v := got.json(t)
			field, _ := v["field"].(string)
			if got.status != c.status || field != c.field || v["detail"] == "" {
				t.Errorf("got %d %.300s, expected %d and field %q", got.status, got.body, c.status, c.field)
			}
		})
	}
}

func TestImportsSayWhenTheyWereReceived(t *testing.T) {
	h := newHarness(t, nil)
	old := `{"id":"%d","event":"A","customer_id":"c","at":"2010-01-01T00:00:00Z"%s}`
	h.do("POST", "/events", fmt.Sprintf(old, 1, ""))
	if v := h.do("GET", "/customers/c", "").json(t); v["known"] != false {
		t.Errorf("an event of 2010 that arrived now was folded: %v", v["events"])
	}
	h.do("POST", "/events?history=true", fmt.Sprintf(old, 2, `,"received_at":"2010-01-01T00:00:01Z"`))
	if v := h.do("GET", "/customers/c", "").json(t); v["known"] != true {
		t.Error("an imported event was not folded")
	}
}

func TestImportedIntentsAreAnswered(t *testing.T) {
	h := newHarness(t, nil)
	at := noon.Add(-time.Minute).Format(time.RFC3339)
	h.do("POST", "/events?history=true", fmt.Sprintf(`{"event":"Message Received","customer_id":"c","at":%q,"properties":{"text":"where is it"},
		"enriched":{"intents":{"track_parcel":0.8,"refund":0.1},"models":{"intent":"intent@1"}}}`, at))
	got := string(h.do("POST", "/score", `{"customer_id":"c"}`).body)
	want := `"intents":[{"name":"track_parcel","score":0.8,"because":[{"text":"where is it","model":"intent@1"}]},{"name":"refund",`
	if !strings.Contains(got, want) {
		t.Errorf("got %s", got)
	}
	refused := h.do("POST", "/score", `{"customer_id":"c","events":[{"event":"Message Received","enriched":{"intents":{"refund":1}}}]}`)
	if refused.status != 400 || refused.json(t)["field"] != "events[0].enriched" {
		t.Errorf("got %d %s", refused.status, refused.body)
	}
}
