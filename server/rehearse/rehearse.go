package rehearse

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/replay"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// Policy is a playbook and the models that it reads.
type Policy struct {
	Name     string // in reports
	Playbook *playbook.Playbook
	Models   []*models.Model
}

// Options say how to rehearse.
type Options struct {
	Features *features.FeatureSet
	AskOn    []string // events at which somebody asks for a score; Session Started is the first of a visit
	Texts    []*models.TextModel
	Log      *slog.Logger
	Workers  int    // customers followed at once; 0: enough to fill batches of predictions
	Memory   int64  // bytes of events to keep in memory; 0: 512 MiB
	TempDir  string // where to keep what does not fit; "": the system's
	Progress func(done, total int)
}

// maxRounds bounds how often customers are followed again for the sake of budgets.
const maxRounds = 64

// defaultWorkers wait for predictions most of the time that models run.
const defaultWorkers = 2 * batchRows

// Run rehearses policies over a history and reports on each, in their order.
func Run(ctx context.Context, in replay.Input, policies []Policy, o Options) (_ *Report, err error) {
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	histories, err := replay.Sort(ctx, in, replay.Options{Workers: o.Workers, Memory: o.Memory, TempDir: o.TempDir, Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, histories.Close()) }()
	return newRehearsal(o, policies).run(ctx, histories)
}

type rehearsal struct {
	Options
	engine  *live.Engine
	batcher *batcher
	asking  map[string]bool
	sides   []*side
}

func newRehearsal(o Options, policies []Policy) *rehearsal {
	r := &rehearsal{
		Options: o, batcher: newBatcher(), asking: map[string]bool{},
		engine: live.New(live.Options{Metrics: metrics.New(prometheus.NewRegistry()), Log: o.Log}),
	}
	for _, name := range o.AskOn {
		r.asking[name] = true
	}
	for _, p := range policies {
		r.sides = append(r.sides, newSide(p))
	}
	return r
}

func (r *rehearsal) run(ctx context.Context, histories *replay.Histories) (*Report, error) {
	report := &Report{AskOn: r.AskOn, Budgets: "exact"}
	for round := 0; ; round++ {
		counts, err := histories.Visit(ctx, func() replay.Visitor { return r.newVisitor(ctx) })
		if err != nil {
			return nil, err
		}
		if round == 0 {
			report.Data = dataOf(counts)
		}
		settled := true
		for _, s := range r.sides {
			settled = s.cut(report.Data.until) && settled
		}
		if settled {
			break
		}
		if round == maxRounds {
			report.Budgets = "approximate"
			break
		}
	}
	for _, s := range r.sides {
		report.Policies = append(report.Policies, s.tally(&report.Data))
	}
	return report, nil
}

// side is one policy and what comes of it.
type side struct {
	Policy
	names   map[string]int16 // of what can stop an action, by which records are kept short
	known   []string
	lineups lineups
	cuts    map[window]position
	again   map[string]bool // customers to follow in this round; nil: all

	mu     sync.Mutex
	traces map[string]*trace // of the customers to whom anything happened
}

func newSide(p Policy) *side {
	s := &side{Policy: p, names: map[string]int16{}, traces: map[string]*trace{}, cuts: map[window]position{}}
	s.lineups.of(p.Playbook.Tasks, p.Models)
	for i := range p.Playbook.Caps {
		s.know(p.Playbook.Caps[i].Name)
	}
	for i := range p.Playbook.Budgets {
		s.know(p.Playbook.Budgets[i].Name)
	}
	for _, x := range p.Playbook.Experiments {
		s.know(x.Name)
	}
	for _, a := range p.Playbook.Actions {
		s.know(a.Name)
		for _, channel := range a.Channels {
			s.know(channel)
		}
	}
	return s
}

func (s *side) know(name string) {
	if _, known := s.names[name]; !known {
		s.names[name] = int16(len(s.known))
		s.known = append(s.known, name)
	}
}

func (s *side) wants(id string) bool { return s.again == nil || s.again[id] }

// visitor follows customers on all sides. It is for one goroutine.
type visitor struct {
	*rehearsal
	ctx       context.Context
	followers []*follower
}

func (r *rehearsal) newVisitor(ctx context.Context) *visitor {
	v := &visitor{rehearsal: r, ctx: ctx}
	for _, s := range r.sides {
		v.followers = append(v.followers, r.newFollower(s))
	}
	return v
}

// Wants implements replay.Visitor.
func (v *visitor) Wants(id []byte) bool {
	for _, s := range v.sides {
		if s.again == nil || s.again[string(id)] {
			return true
		}
	}
	return false
}

// Customer implements replay.Visitor.
func (v *visitor) Customer(id string, events []event.Event) error {
	v.batcher.enter()
	defer v.batcher.leave()
	for _, f := range v.followers {
		if !f.wants(id) {
			continue
		}
		if err := f.follow(v.ctx, id, events); err != nil {
			return err
		}
	}
	return nil
}
