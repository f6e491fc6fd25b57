package event_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
)

const now = int64(1_790_000_000_000)

func TestHistoryMayHaveGrown(t *testing.T) {
	text := strings.Repeat("x", event.MaxEventBytes-100)
	e, err := event.Decode([]byte(`{"event":"Message Received","customer_id":"c","properties":{"text":"`+text+`"}}`), event.Origin{ReceivedAt: 1})
	require.NoError(t, err)
	e.AssignID()
	e.Enriched = event.Object{{Key: "sentiment", Value: event.NumberValue(-0.5)}}
	grown := e.AppendJSON(nil)
	require.Greater(t, len(grown), event.MaxEventBytes)
	again, err := event.Decode(grown, event.Origin{History: true})
	require.NoError(t, err)
	require.Equal(t, e.AppendJSON(nil), again.AppendJSON(nil))
	_, err = event.Decode(grown, event.Origin{ReceivedAt: 1})
	require.ErrorContains(t, err, "at most")
}

func TestDecodeAcceptsOurNamesAndSegments(t *testing.T) {
	ours := `{"id":"e1","event":"Product Added","customer_id":"c-42","anonymous_id":"a1","at":"2026-01-31T08:30:00.5Z","channel":"Web","properties":{"price":12.50,"product_id":12345678901234567890}}`
	segment := `{"messageId":"e1","type":"track","event":"Product Added","userId":"c-42","anonymousId":"a1","timestamp":"2026-01-31T16:30:00.5+08:00","channel":"web","properties":{"price":12.50,"product_id":12345678901234567890},"integrations":{"All":true}}`
	a, err := event.Decode([]byte(ours), event.Origin{ReceivedAt: now})
	require.NoError(t, err)
	b, err := event.Decode([]byte(segment), event.Origin{ReceivedAt: now})
	require.NoError(t, err)
	assert.Equal(t, a, b)
	assert.Equal(t, "c-42", a.Key())
	assert.Equal(t, 12.5, a.Properties.Find("price").Float())
	assert.Contains(t, string(a.AppendJSON(nil)), `"product_id":12345678901234567890`, "long ids keep their digits")
}

func TestTypesOtherThanTrackGetTheirName(t *testing.T) {
	e, err := event.Decode([]byte(`{"type":"page","name":"Basket","anonymousId":"a","properties":{"path":"/basket"}}`), event.Origin{ReceivedAt: now})
	require.NoError(t, err)
	assert.Equal(t, "Page Viewed", e.Name)
	assert.Equal(t, "Basket", e.Properties.Find("name").Text())
	assert.Equal(t, "anon:a", e.Key())
	assert.Equal(t, now, e.At)
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	for name, tc := range map[string]struct{ body, field, message string }{
		"malformed":          {`{"event":`, "event", "malformed JSON"},
		"not an object":      {`[1]`, "", "expected a JSON object"},
		"trailing":           {`{"event":"A","customer_id":"c"} x`, "", "unexpected data after the event"},
		"wrong type":         {`{"event":"A","customer_id":17}`, "customer_id", "expected a string, got a number"},
		"properties list":    {`{"event":"A","customer_id":"c","properties":[1]}`, "properties", "expected an object, got a list"},
		"huge number":        {`{"event":"A","customer_id":"c","properties":{"price":1e999}}`, "properties.price", "out of range"},
		"NaN":                {`{"event":"A","customer_id":"c","properties":{"price":NaN}}`, "properties.price", "malformed JSON"},
		"invalid UTF-8":      {"{\"event\":\"A\xff\",\"customer_id\":\"c\"}", "event", "UTF-8"},
		"nested objects":     {`{"event":"A","customer_id":"c","properties":` + deep[:30_000] + `}`, "properties.a", "nested deeper than 16"},
		"nested arrays":      {`{"event":"A","customer_id":"c","properties":{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}}`, "properties.x", "nested deeper than 16"},
		"too many keys":      {`{"event":"A","customer_id":"c","properties":{"x":[` + strings.Repeat("1,", 600) + `1]}}`, "properties.x", "more than 512"},
		"too large":          {`{"event":"A","customer_id":"c","properties":{"x":"` + strings.Repeat("y", 33_000) + `"}}`, "", "at most 32768"},
		"year 1":             {`{"event":"A","customer_id":"c","at":"0001-01-01T00:00:00Z"}`, "at", "year 1 is outside"},
		"year 9999":          {`{"event":"A","customer_id":"c","at":"9999-12-31T00:00:00Z"}`, "at", "year 9999 is outside"},
		"no zone":            {`{"event":"A","customer_id":"c","at":"2026-01-01 10:00"}`, "at", "RFC 3339"},
		"empty id":           {`{"event":"A","customer_id":""}`, "customer_id", "must not be empty"},
		"long id":            {`{"event":"A","customer_id":"` + strings.Repeat("c", 10_240) + `"}`, "customer_id", "at most 256"},
		"control characters": {`{"event":"A","customer_id":"c\u0000d"}`, "customer_id", "control characters"},
		"duplicate key":      {`{"event":"A","customer_id":"c","event":"B"}`, "event", "duplicate"},
		"unknown field":      {`{"event":"A","costumer_id":"c"}`, "costumer_id", "did you mean customer_id?"},
		"text for a number":  {`{"event":"A","customer_id":"c","properties":{"price":"9.5x"}}`, "properties.price", "expected a number of 0 or more"},
		"negative quantity":  {`{"event":"A","customer_id":"c","properties":{"products":[{"price":1},{"quantity":-2}]}}`, "properties.products[1].quantity", "expected a number of 0 or more"},
		"no name":            {`{"customer_id":"c"}`, "event", "is required"},
		"nobody":             {`{"event":"A"}`, "customer_id", "customer_id or anonymous_id is required"},
		"reserved prefix":    {`{"event":"A","customer_id":"anon:x"}`, "customer_id", "must not begin with"},
		"unknown type":       {`{"type":"group","customer_id":"c"}`, "type", "expected one of"},
		"received_at":        {`{"event":"A","customer_id":"c","received_at":"2026-01-01T00:00:00Z"}`, "received_at", "set by the server"},
		"sentiment":          {`{"event":"Message Received","customer_id":"c","properties":{"sentiment":5}}`, "properties.sentiment", "from -1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := event.Decode([]byte(tc.body), event.Origin{ReceivedAt: now})
			var fe *event.FieldError
			require.ErrorAs(t, err, &fe)
			assert.Equal(t, tc.field, fe.Field, fe.Message)
			assert.Contains(t, fe.Message, tc.message)
		})
	}
}

func TestBatchShapes(t *testing.T) {
	one := `{"event":"A","customer_id":"c"}`
	for name, body := range map[string]string{"one": one, "array": "[" + one + "]", "lines": one + "\n" + one, "pretty": "{\n \"event\":\"A\",\n \"customer_id\":\"c\"}"} {
		b, err := event.DecodeBatch([]byte(body), event.Origin{ReceivedAt: now})
		require.NoError(t, err, name)
		assert.Empty(t, b.Rejected, name)
		assert.NotEmpty(t, b.Events, name)
	}
	b, err := event.DecodeBatch([]byte("["+one+`,{"event":1,"customer_id":"c"},`+one+"]"), event.Origin{ReceivedAt: now})
	require.NoError(t, err)
	assert.Equal(t, []int{0, 2}, b.Index)
	assert.Equal(t, []event.Rejection{{Index: 1, Field: "event", Error: "expected a string, got a number"}}, b.Rejected)

	b, err = event.DecodeBatch([]byte(one+"\n{\"event\": oops}\n"+one), event.Origin{ReceivedAt: now})
	require.NoError(t, err)
	assert.Len(t, b.Events, 2, "a broken line costs only itself")
	assert.Equal(t, 1, b.Rejected[0].Index)

	for name, body := range map[string]string{"empty": " ", "scalar": "17", "half an array": "[" + one + ",", "too many": "[" + strings.Repeat(`{},`, event.MaxBatch) + "{}]"} {
		_, err := event.DecodeBatch([]byte(body), event.Origin{ReceivedAt: now})
		assert.Error(t, err, name)
	}
}

func TestClockAheadIsClamped(t *testing.T) {
	e := event.Event{At: now + event.MaxAhead.Milliseconds() + 1, ReceivedAt: now}
	at, clamped := e.Time()
	assert.True(t, clamped)
	assert.Equal(t, now, at)
	e.At--
	at, clamped = e.Time()
	assert.False(t, clamped)
	assert.Equal(t, e.At, at)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"1","event":"Order Completed","customer_id":"c","at":"2026-01-01T00:00:00Z","properties":{"revenue":1.5,"products":[{"id":1,"ok":true,"x":null}]},"traits":{"a":{"b":"c"}}}`))
	f.Add([]byte(`{"type":"identify","anonymousId":"a","traits":{"opt_out":["sms"]}}`))
	f.Add([]byte("{\"event\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := event.Decode(body, event.Origin{ReceivedAt: now, History: true})
		if err != nil {
			return
		}
		raw := e.AppendJSON(nil)
		again, err := event.Decode(raw, event.Origin{History: true})
		if len(raw) > event.MaxEventBytes {
			return
		}
		if err != nil {
			t.Fatalf("journal form does not decode: %v\n%s", err, raw)
		}
		if second := again.AppendJSON(nil); !bytes.Equal(raw, second) {
			t.Fatalf("not stable:\n%s\n%s", raw, second)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	var bodies [][]byte
	for i := range 64 {
		bodies = append(bodies, fmt.Appendf(nil, `{"id":"ev-%d","event":"Product Viewed","customer_id":"c-%d","at":"2026-01-31T08:30:%02dZ","channel":"web","properties":{"path":"/p/%d","price":%d.5,"category":"Shoes","quantity":1},"context":{"device":"mobile"}}`, i, i*7, i%60, i, i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := event.Decode(bodies[i%len(bodies)], event.Origin{ReceivedAt: now}); err != nil {
			b.Fatal(err)
		}
	}
}
