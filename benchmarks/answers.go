package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/halfstep-ml/halfstep/benchmarks/load"
	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// pageKinds are the pages that requests come from.
var pageKinds = []string{"home", "list", "product", "cart", "checkout"}

func pageKind(i int) string { return pageKinds[i%len(pageKinds)] }

// scoreRequest is the body of the ith request. Its deadline is so late that it plays no part: the bare handler has none, and an answer
// cut short must not pass for a fast one.
func scoreRequest(i int, customer, wish string) []byte {
	return fmt.Appendf(nil, `{"customer_id":%q,"channel":"web","page":"/basket.html","context":{"page_kind":%q},"actions":%s,"deadline_ms":5000}`,
		customer, pageKind(i), wish)
}

// moment is the facts of the ith request.
func moment(i int) features.Moment {
	return features.Moment{Channel: "web", Page: "/basket.html", Context: event.Object{{Key: "page_kind", Value: event.StringValue(pageKind(i))}}}
}

// answer is what matters of an answer to /score.
type answer struct {
	CustomerID  string `json:"customer_id"`
	Known       bool
	At          time.Time
	Predictions map[string]struct{ Score float32 }
	Degraded    []string
	Actions     []struct{ Action string }
}

// oracle knows what the models say.
type oracle struct {
	set    *features.FeatureSet
	models []*models.Model
}

// newOracle loads the models into this process. There have to be three, because the bounds were set for three.
func newOracle(ctx context.Context, set *features.FeatureSet, bundles string) (*oracle, error) {
	runtime, err := ort.Start(ort.Options{})
	if err != nil {
		return nil, err
	}
	o := &oracle{set: set}
	if o.models, err = models.LoadAll(ctx, os.DirFS(bundles), set, runtime); err != nil {
		return nil, err
	}
	if len(o.models) != 3 {
		return nil, fmt.Errorf("there are %d bundles in %s, expected 3 (make train makes them)", len(o.models), bundles)
	}
	return o, nil
}

// vector reads the vector of a profile at an instant.
func (o *oracle) vector(p *profile, s *features.State, at int64, m features.Moment) ([]float32, error) {
	if err := o.set.Decode(p.state, s); err != nil {
		return nil, err
	}
	vector := make([]float32, o.set.Len())
	return vector, o.set.Read(s, at, &m, vector)
}

// judge compares an answer with what the models say of a vector.
func (o *oracle) judge(ctx context.Context, a *answer, vector []float32) error {
	for _, p := range models.Predict(ctx, nil, o.models, vector) {
		if p.Err != nil {
			return p.Err
		}
		if got, there := a.Predictions[p.Task]; !there || got.Score != p.Score {
			return fmt.Errorf("customer %s: %s is %v, expected %v", a.CustomerID, p.Task, got.Score, p.Score)
		}
	}
	if !a.Known || len(a.Degraded) > 0 || len(a.Predictions) != len(o.models) {
		return fmt.Errorf("customer %s: known %v, degraded %v, %d predictions", a.CustomerID, a.Known, a.Degraded, len(a.Predictions))
	}
	return nil
}

// verify asks a server for the scores of some customers and compares each with that of the vector which expected gives. It returns the
// mean length of an answer.
func (o *oracle) verify(ctx context.Context, addr string, requests [][]byte, expected func(i int, a *answer) ([]float32, error)) (float64, error) {
	var mu sync.Mutex // models run one after the other here
	bytes := 0
	plan := load.Plan{Addr: addr, Connections: 4, Requests: requests, Check: func(i, status int, body []byte) error {
		mu.Lock()
		defer mu.Unlock()
		if status != 200 {
			return fmt.Errorf("request %d: %s", i, load.Describe(status, body))
		}
		bytes += len(body)
		var a answer
		if err := json.Unmarshal(body, &a); err != nil {
			return fmt.Errorf("read answer %d: %w", i, err)
		}
		vector, err := expected(i, &a)
		if err != nil {
			return err
		}
		return o.judge(ctx, &a, vector)
	}}
	if _, err := plan.Run(ctx); err != nil {
		return 0, err
	}
	return float64(bytes) / float64(len(requests)), nil
}

var (
	undegraded = []byte(`"degraded":[]`)
	acting     = []byte(`"actions":[{`)
)

// answered counts answers that lack something and those that bring an action; whatever is no answer is an error.
type answered struct {
	mu               sync.Mutex
	lacking, issuing int
	last             string // that an answer lacked
}

func (a *answered) check(_, status int, body []byte) error {
	if status != 200 {
		return fmt.Errorf("%s", load.Describe(status, body))
	}
	whole, acts := bytes.Contains(body, undegraded), bytes.Contains(body, acting)
	if whole && !acts {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if acts {
		a.issuing++
	}
	if !whole {
		a.lacking++
		_, rest, _ := strings.Cut(string(body), `"degraded":`)
		a.last, _, _ = strings.Cut(rest, "]")
	}
	return nil
}
