package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const latenessMetric = "halfstep_timer_lateness_seconds"

// lateness is a histogram of how many seconds late timers were.
type lateness struct {
	count   float64
	buckets []*dto.Bucket
}

func readLateness(ctx context.Context, addr string) (l lateness, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return l, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return l, fmt.Errorf("read the metrics: %w", err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return l, fmt.Errorf("read the metrics: %w", err)
	}
	family := families[latenessMetric]
	if family == nil {
		return l, errors.New("there is no metric " + latenessMetric)
	}
	h := family.GetMetric()[0].GetHistogram()
	return lateness{count: float64(h.GetSampleCount()), buckets: h.GetBucket()}, nil
}

// quantile is the upper bound of the bucket that it lies in.
func (l *lateness) quantile(q float64) float64 {
	for _, b := range l.buckets {
		if float64(b.GetCumulativeCount()) >= q*l.count {
			return b.GetUpperBound()
		}
	}
	return math.Inf(1)
}

// within is the share that is at most so many seconds late.
func (l *lateness) within(seconds float64) float64 {
	for _, b := range l.buckets {
		if b.GetUpperBound() == seconds {
			return float64(b.GetCumulativeCount()) / l.count
		}
	}
	return 0
}

// inbox is a webhook that notes when each customer's action came.
type inbox struct {
	due    map[string]time.Time // of each customer
	server *http.Server
	addr   string
	failed chan error

	mu   sync.Mutex
	came map[string]time.Time
}

func newInbox(due map[string]time.Time) (*inbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	in := &inbox{due: due, addr: l.Addr().String(), came: make(map[string]time.Time, len(due)), failed: make(chan error, 1)}
	in.server = &http.Server{Handler: in, ReadHeaderTimeout: time.Minute}
	go func() { in.failed <- in.server.Serve(l) }()
	return in, nil
}

// webhook is the setting that has a halfstep send to it.
func (in *inbox) webhook() string {
	return fmt.Sprintf(`[{"name": "inbox", "url": "http://%s/", "secret": "of the benchmarks, no secret"}]`, in.addr)
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var message struct {
		Customer string `json:"customer_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if _, again := in.came[message.Customer]; !again {
		in.came[message.Customer] = now
	}
}

func (in *inbox) count() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.came)
}

// result is when the last action came, and how late they were.
func (in *inbox) result(first time.Time) (took time.Duration, p99, inTime float64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	late := make([]float64, 0, len(in.came))
	for id, at := range in.came {
		took = max(took, at.Sub(first))
		late = append(late, at.Sub(in.due[id]).Seconds())
	}
	slices.Sort(late)
	n, _ := slices.BinarySearch(late, 1)
	return took, late[len(late)*99/100], float64(n) / float64(len(late))
}

func (in *inbox) close() error {
	err := in.server.Close()
	if served := <-in.failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
