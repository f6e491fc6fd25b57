package rehearse

import (
	"context"
	"slices"
	"sync"

	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// batchRows is how many predictions are made at once, when so many are waited for.
const batchRows = 32

// batcher gathers the predictions that goroutines wait for, each for one. It makes them when there are enough, or when all that run
// wait for one.
type batcher struct {
	mu      sync.Mutex
	running int // goroutines that have entered and do not wait
	waiting []*request
}

func newBatcher() *batcher { return &batcher{} }

type request struct {
	lineup *lineup
	row    []float32
	out    []models.Prediction
	done   chan struct{}
}

// enter says that a goroutine runs that may come to want predictions.
func (b *batcher) enter() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running++
}

// leave says that it runs no more.
func (b *batcher) leave() {
	b.make(context.Background(), b.stop(nil))
}

// predict waits for the predictions of models for a row. The goroutine must have entered.
func (b *batcher) predict(ctx context.Context, l *lineup, row []float32) []models.Prediction {
	if len(l.models) == 0 {
		return nil
	}
	r := &request{lineup: l, row: row, done: make(chan struct{})}
	b.make(ctx, b.stop(r))
	<-r.done
	return r.out
}

// stop takes one that ran to be waiting for r, or to be gone. It returns what is to be made now.
func (b *batcher) stop(r *request) (batch []*request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running--
	if r != nil {
		b.waiting = append(b.waiting, r)
	}
	if b.running > 0 && len(b.waiting) < batchRows {
		return nil
	}
	batch, b.waiting = b.waiting, nil
	b.running += len(batch)
	return batch
}

// make makes the predictions, those of the same models together.
func (b *batcher) make(ctx context.Context, batch []*request) {
	for len(batch) > 0 {
		l := batch[0].lineup
		var rest, same []*request
		var rows [][]float32
		for _, r := range batch {
			if r.lineup == l {
				same, rows = append(same, r), append(rows, r.row)
			} else {
				rest = append(rest, r)
			}
		}
		out, n := models.PredictBatch(ctx, nil, l.models, rows), len(l.models)
		for i, r := range same {
			r.out = out[i*n : (i+1)*n]
			close(r.done)
		}
		batch = rest
	}
}

// lineup is a choice of models.
type lineup struct{ models []*models.Model }

// lineups are the models of a policy, chosen by tasks.
type lineups struct {
	tasks  []string
	models []*models.Model
	mu     sync.Mutex
	chosen map[playbook.Tasks]*lineup
}

func (l *lineups) of(tasks []string, all []*models.Model) {
	l.tasks, l.models, l.chosen = tasks, all, map[playbook.Tasks]*lineup{}
}

// choose returns the models of some tasks; the same for the same tasks.
func (l *lineups) choose(tasks playbook.Tasks) *lineup {
	l.mu.Lock()
	defer l.mu.Unlock()
	chosen := l.chosen[tasks]
	if chosen == nil {
		chosen = &lineup{}
		for _, m := range l.models {
			if i := slices.Index(l.tasks, m.Task); i >= 0 && tasks.Has(i) {
				chosen.models = append(chosen.models, m)
			}
		}
		l.chosen[tasks] = chosen
	}
	return chosen
}
