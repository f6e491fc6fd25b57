package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestScoreOfACustomer(t *testing.T) {
	h := newHarness(t, nil)
	v := h.do("POST", "/score", `{"customer_id":"c"}`).json(t)
	if v["known"] != false || v["customer_id"] != "c" || v["at"] != "2026-01-31T12:00:00.000Z" {
		t.Errorf("of an unknown customer got %v", v)
	}
	h.do("POST", "/events", `{"event":"A","customer_id":"c","at":"2026-01-31T11:59:00Z"}`)
	v = h.do("POST", "/score", `{"customer_id":"c","channel":"WEB","page":"/cart","context":{"page_kind":"cart","n":[1,{"x":null}]},"actions":"none","explain":true,"deadline_ms":900,"mode":"decide"}`).json(t)
	if v["known"] != true || len(v["degraded"].([]any)) != 0 {
		t.Errorf("of a known customer got %v", v)
	}
}

func TestAnonymousIsACustomerOfItsOwn(t *testing.T) {
	h := newHarness(t, nil)
	h.do("POST", "/events", `{"event":"A","anonymous_id":"c"}`)
	if v := h.do("POST", "/score", `{"customer_id":"c"}`).json(t); v["known"] != false {
		t.Error("an anonymous visitor was taken for the customer of the same id")
	}
	v := h.do("POST", "/score", `{"anonymous_id":"c"}`).json(t)
	if v["known"] != true || v["customer_id"] != "anon:c" {
		t.Errorf("got %v", v)
	}
	if v := h.do("GET", "/customers/anon:c", "").json(t); v["known"] != true {
		t.Errorf("got %v", v)
	}
}

func TestScoreFoldsItsEvents(t *testing.T) {
	h := newHarness(t, nil)
	body := `{"customer_id":"c","events":[{"id":"1","event":"Product Added","properties":{"product_id":"mug","price":2,"quantity":3}}]}`
	for range 2 { // sent twice, counted once
		if v := h.do("POST", "/score", body).json(t); v["known"] != true {
			t.Errorf("got %v", v)
		}
	}
	v := h.do("GET", "/customers/c", "").json(t)
	if cart := v["cart"].(map[string]any); v["events"] != 1.0 || cart["items"] != 3.0 || cart["total"] != 6.0 {
		t.Errorf("got %v events and the cart %v", v["events"], cart)
	}
}

func TestPreviewStoresNothing(t *testing.T) {
	h := newHarness(t, nil)
	v := h.do("POST", "/score", `{"customer_id":"c","mode":"preview","at":"2026-03-01T00:00:00Z","events":[{"event":"A"}]}`, "Idempotency-Key", "k").json(t)
	if v["known"] != true || v["at"] != "2026-03-01T00:00:00.000Z" {
		t.Errorf("got %v", v)
	}
	if v := h.do("GET", "/customers/c", "").json(t); v["known"] != false {
		t.Error("a preview changed the customer")
	}
}

func TestPreviewBeforeTheNewestEvent(t *testing.T) {
	h := newHarness(t, nil)
	h.do("POST", "/events", `{"event":"A","customer_id":"c","at":"2026-01-31T11:00:00Z"}`)
	for _, got := range []answer{
		h.do("POST", "/score", `{"customer_id":"c","mode":"preview","at":"2026-01-31T10:00:00Z"}`),
		h.do("GET", "/customers/c?at=2026-01-31T10:00:00Z", ""),
	} {
		v := got.json(t)
		if got.status != 409 || v["type"] != "/problems/before-newest" || v["field"] != "at" || !strings.Contains(v["detail"].(string), "2026-01-31T11:00:00.000Z") {
			t.Errorf("got %d %s", got.status, got.body)
		}
	}
}

func TestTheSameKeyGetsTheSameAnswer(t *testing.T) {
	h := newHarness(t, nil)
	first := h.do("POST", "/score", `{"customer_id":"c","events":[{"event":"A"}]}`, "Idempotency-Key", "k")
	again := h.do("POST", "/score", `{"customer_id":"c","events":[{"event":"A"}]}`, "Idempotency-Key", "k")
	if string(first.body) != string(again.body) {
		t.Errorf("got\n%s\nand then\n%s", first.body, again.body)
	}
	if v := h.do("GET", "/customers/c", "").json(t); v["events"] != 1.0 {
		t.Errorf("the event without an id was folded %v times", v["events"])
	}
	for name, other := range map[string]answer{
		"another key":      h.do("POST", "/score", `{"customer_id":"c"}`, "Idempotency-Key", "l"),
		"another customer": h.do("POST", "/score", `{"customer_id":"d"}`, "Idempotency-Key", "k"),
	} {
		if other.json(t)["decision_id"] == first.json(t)["decision_id"] {
			t.Errorf("%s got the same decision", name)
		}
	}
}

func TestScoresInABatch(t *testing.T) {
	h := newHarness(t, nil)
	h.do("POST", "/events", `{"event":"A","customer_id":"b"}`)
	got := h.do("POST", "/score/batch", `{"requests":[{"customer_id":"a"},{"customer_id":"b"},{"customer_id":"c","events":[{"event":"A"}]},{"customer_id":"c","events":[{"event":"B"}]}]}`)
	var v struct {
		Answers []struct {
			CustomerID string `json:"customer_id"`
			Known      bool
		}
	}
	if err := json.Unmarshal(got.body, &v); err != nil {
		t.Fatal(err)
	}
	var ids []string
	var known []bool
	for _, a := range v.Answers {
		ids, known = append(ids, a.CustomerID), append(known, a.Known)
	}
	if !slices.Equal(ids, []string{"a", "b", "c", "c"}) || !slices.Equal(known, []bool{false, true, true, true}) {
		t.Errorf("got %v %v", ids, known)
	}
	if v := h.do("GET", "/customers/c", "").json(t); v["events"] != 2.0 {
		t.Errorf("two requests of one customer in a batch folded %v events, expected 2", v["events"])
	}
}

func TestWrongScores(t *testing.T) {
	for _, c := range []struct {
		name, body, field, detail string
	}{
		{"nothing", ``, "", "empty"},
		{"a list", `[]`, "", "an object"},
		{"cut in half", `{"customer_id":"c"`, "", "malformed"},
		{"trailing data", `{"customer_id":"c"} x`, "", "after the object"},
		{"nobody", `{}`, "customer_id", "required"},
		{"misspelt field", `{"custmer_id":"c"}`, "custmer_id", "did you mean customer_id?"},
		{"unknown field", `{"customer_id":"c","zzzzzzzz":1}`, "zzzzzzzz", "expected one of"},
		{"duplicate key", `{"customer_id":"c","customer_id":"d"}`, "", "duplicate"},
		{"empty id", `{"customer_id":""}`, "customer_id", "empty"},
		{"anonymous prefix", `{"customer_id":"anon:c"}`, "customer_id", "anon:"},
		{"long id", `{"customer_id":"` + strings.Repeat("x", 10<<10) + `"}`, "customer_id", "256"},
		{"number for a string", `{"customer_id":7}`, "customer_id", "a string, got a number"},
		{"mode", `{"customer_id":"c","mode":"guess"}`, "mode", "decide or preview"},
		{"at without preview", `{"customer_id":"c","at":"2026-01-31T08:30:00Z"}`, "at", "preview"},
		{"year 9999", `{"customer_id":"c","mode":"preview","at":"9999-01-31T08:30:00Z"}`, "at", "2200"},
		{"deadline", `{"customer_id":"c","deadline_ms":0.5}`, "deadline_ms", "whole number from 1 to 60000"},
		{"ask", `{"customer_id":"c","ask":["weather"]}`, "ask[0]", "weather"},
		{"ask no string", `{"customer_id":"c","ask":[1]}`, "ask[0]", "a string"},
		{"actions", `{"customer_id":"c","actions":"all"}`, "actions", "none"},
		{"actions.max", `{"customer_id":"c","actions":{"max":-1}}`, "actions.max", "0 to 10"},
		{"context", `{"customer_id":"c","context":[]}`, "context", "an object, got a list"},
		{"huge number in context", `{"customer_id":"c","context":{"x":1e999}}`, "context.x", "out of range"},
		{"wrong event", `{"customer_id":"c","events":[{"event":"A"},{"event":"A","at":"now"}]}`, "events[1].at", "RFC 3339"},
		{"event of another", `{"customer_id":"c","events":[{"event":"A","customer_id":"d"}]}`, "events[0].customer_id", "another customer"},
		{"invalid UTF-8", "{\"customer_id\":\"\xff\"}", "", "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t, nil)
			got := h.do("POST", "/score", c.body)
			v := got.json(t)
			field, _ := v["field"].(string)
			detail, _ := v["detail"].(string)
			if got.status != 400 || field != c.field && c.field != "" || !strings.Contains(detail, c.detail) {
				t.Errorf("got %d %s, expected field %q and a detail with %q", got.status, got.body, c.field, c.detail)
			}
			in := h.do("POST", "/score/batch", `{"requests":[{"customer_id":"ok"},`+c.body+`]}`)
			if in.status != 400 {
				t.Errorf("in a batch: got %d %s", in.status, in.body)
			}
			if field, _ := in.json(t)["field"].(string); c.field != "" && field != "requests[1]."+c.field {
				t.Errorf("in a batch: got field %q, expected requests[1].%s", field, c.field)
			}
		})
	}
}

func FuzzScoreBody(f *testing.F) {
	f.Add([]byte(`{"customer_id":"c","context":{"a":[1]},"events":[{"event":"A"}],"ask":["churn"],"actions":{"max":3,"kinds":["coupon"]},"mode":"preview","at":"2026-01-31T08:30:00Z"}`))
	f.Add([]byte(`{"requests":[{"anonymous_id":"c"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := newBody()
		b.reset(raw)
		requests, err := b.scores(nil, 1)
		if err == nil && b.end() == nil && len(requests) == 0 {
			t.Error("accepted a batch of nothing")
		}
		for _, r := range requests[:max(0, len(requests)-1)] { // the last may be the wrong one
			if r.Customer == "" {
				t.Error("accepted a request about nobody")
			}
		}
		if err != nil && problemOf(err).status != 400 {
			t.Errorf("%v is no 400", err)
		}
	})
}
