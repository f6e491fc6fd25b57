package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// person is a customer whom a server is asked about, and the moment they are in.
type person struct {
	id, url, key, channel, context string
}

// known is what the server knows of them.
type known struct {
	Known       bool
	Features    map[string]*float64
	Traits      json.RawMessage
	Revisions   struct{ Features string }
	Predictions map[string]struct{ Score *float64 }
	Tags        []string
	Intents     []struct {
		Name  string
		Score float64
	}
}

// ask gets the profile, and the rest from a score that changes nothing.
func (p *person) ask(ctx context.Context) (*known, error) {
	k := &known{}
	if err := p.call(ctx, http.MethodGet, "/customers/"+url.PathEscape(p.id), nil, k); err != nil {
		return nil, err
	}
	request := map[string]any{"customer_id": p.id, "actions": "none", "mode": "preview", "deadline_ms": 5000}
	if anonymous, ok := strings.CutPrefix(p.id, event.AnonymousPrefix); ok {
		delete(request, "customer_id")
		request["anonymous_id"] = anonymous
	}
	if p.channel != "" {
		request["channel"] = p.channel
	}
	if p.context != "" {
		request["context"] = json.RawMessage(p.context)
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("context: expected a JSON object: %w", err)
	}
	return k, p.call(ctx, http.MethodPost, "/score", body, k)
}

func (p *person) call(ctx context.Context, method, path string, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(p.url, "/")+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	if p.key != "" {
		r.Header.Set("Authorization", "Bearer "+p.key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status + ": " + string(text))
	}
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		return fmt.Errorf("ask the server: %s %s: %w", method, path, err)
	}
	return nil
}

// facts lays out what is known as conditions read it.
func (k *known) facts(set *features.FeatureSet, tasks []string, x *explaining) (*moment, error) {
	m := &moment{numbers: map[string]float64{}}
	m.Tags, m.Channel = k.Tags, strings.ToLower(x.channel)
	for _, f := range set.Features() {
		m.Vector = append(m.Vector, float32(m.note("features."+f.Name, k.Features[f.Name])))
	}
	for _, task := range tasks {
		m.Predictions = append(m.Predictions, float32(m.note("predictions."+task, k.Predictions[task].Score)))
	}
	for _, in := range k.Intents {
		m.note("intents."+in.Name, &in.Score)
		m.Intents = append(m.Intents, playbook.Intent{Name: in.Name, Score: float32(in.Score)})
	}
	m.Customer = playbook.Customer{ID: x.id, Known: k.Known}
	var err error
	if m.Customer.Traits, err = event.DecodeObject(k.Traits); err != nil {
		return nil, fmt.Errorf("read the customer's traits: %w", err)
	}
	if x.context != "" {
		if m.Context, err = event.DecodeObject([]byte(x.context)); err != nil {
			return nil, fmt.Errorf("context: %w", err)
		}
	}
	if x.event == "" {
		return m, nil
	}
	batch, err := event.DecodeBatch([]byte(x.event), event.Origin{ReceivedAt: time.Now().UnixMilli(), CustomerID: "c"})
	if err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	if len(batch.Events) != 1 {
		return nil, fmt.Errorf("event: expected one, got %s", x.event)
	}
	m.event = &batch.Events[0]
	return m, nil
}

// note keeps a number under its name; nil is missing.
func (m *moment) note(name string, x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	m.numbers[name] = *x
	return *x
}
