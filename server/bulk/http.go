package bulk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Server is a Target: POST /events of a server, as history.
type Server struct {
	url    string
	key    string
	client *http.Client
	retry  time.Duration
}

// NewServer sends to the server at base, as in http://127.0.0.1:8080, with an API key of role admin, if it wants one.
func NewServer(base, key string) (*Server, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("url: got %q, expected one such as http://127.0.0.1:8080", base)
	}
	u = u.JoinPath("events")
	u.RawQuery = "history=true"
	return &Server{url: u.String(), key: key, client: &http.Client{Timeout: time.Minute}, retry: 250 * time.Millisecond}, nil
}

// attempts is how often a batch is sent before it is given up; the last waits are seconds long.
const attempts = 6

// Send implements Target. It sends again what the server could not take just now.
func (s *Server) Send(ctx context.Context, events []event.Event) (Result, error) {
	var body []byte
	for i := range events {
		body = append(events[i].AppendJSON(body), '\n')
	}
	var last error
	for attempt := range attempts {
		if attempt > 0 {
			select {
			case <-time.After(s.retry << attempt):
			case <-ctx.Done():
				return Result{}, ctx.Err()
			}
		}
		var again bool
		var done Result
		if done, again, last = s.post(ctx, body); last == nil || !again {
			return done, last
		}
	}
	return Result{}, fmt.Errorf("gave up after %d attempts: %w", attempts, last)
}

// answer is what /events says, or a problem.
type answer struct {
	Accepted   int               `json:"accepted"`
	Duplicates int               `json:"duplicates"`
	Rejected   []event.Rejection `json:"rejected"`
	Title      string            `json:"title"`
	Detail     string            `json:"detail"`
}

func (s *Server) post(ctx context.Context, body []byte) (done Result, again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return Result{}, false, err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	if s.key != "" {
		request.Header.Set("Authorization", "Bearer "+s.key)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return Result{}, ctx.Err() == nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return Result{}, true, err
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return Result{}, response.StatusCode >= 500, fmt.Errorf("the server answered %s, which is no JSON", response.Status)
	}
	if response.StatusCode != http.StatusOK {
		return Result{}, response.StatusCode == http.StatusServiceUnavailable, errors.New(response.Status + ": " + a.Title + ": " + a.Detail)
	}
	return Result{Accepted: a.Accepted, Duplicates: a.Duplicates, Rejected: len(a.Rejected)}, false, nil
}
