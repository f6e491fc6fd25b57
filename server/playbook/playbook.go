package playbook

import (
	"time"
)

// Playbook is a revision of the business rules, compiled. It is immutable and safe for concurrent use.
type Playbook struct {
	Revision    string // digest of what the file says, however it is laid out
	Language    string // of texts and reasons: zh or en
	Timezone    *time.Location
	QuietHours  QuietHours
	Holdout     Holdout
	Fatigue     Fatigue
	Caps        []Cap
	Budgets     []Budget
	Actions     []*Action // in the order of the file
	Plays       []*Play   // in the order of the file
	Experiments []*Experiment
	Tasks       []string // that predictions in Facts are ordered by
	AskNeeds    Tasks    // which predictions plays that fire when asked read

	actions  map[string]*Action
	plays    map[string]*Play
	fired    map[string][]*Play
	started  map[string][]*Play
	mooted   map[string][]*Play
	asked    []*Play
	dwelling []*Play
}

// Action finds an action by its name, nil when there is none.
func (b *Playbook) Action(name string) *Action { return b.actions[name] }

// Play finds a play by its name, nil when there is none.
func (b *Playbook) Play(name string) *Play { return b.plays[name] }

// FiredBy lists the plays that an event fires at once.
func (b *Playbook) FiredBy(event string) []*Play { return b.fired[event] }

// StartedBy lists the plays that begin to wait at an event, anew if they already do.
func (b *Playbook) StartedBy(event string) []*Play { return b.started[event] }

// MootedBy lists the plays that stop waiting at an event.
func (b *Playbook) MootedBy(event string) []*Play { return b.mooted[event] }

// Asked lists the plays that fire when asked.
func (b *Playbook) Asked() []*Play { return b.asked }

// Dwelling lists the plays that wait for time on a page.
func (b *Playbook) Dwelling() []*Play { return b.dwelling }

// index sorts the plays by what they wait for.
func (b *Playbook) index() {
	b.plays = map[string]*Play{}
	b.fired, b.started, b.mooted = map[string][]*Play{}, map[string][]*Play{}, map[string][]*Play{}
	for _, p := range b.Plays {
		b.plays[p.Name] = p
		switch p.Trigger {
		case OnEvent:
			add(b.fired, p.On, p)
		case OnAbsence:
			add(b.started, p.On, p)
			add(b.mooted, p.Unless, p)
		case OnDwell:
			b.dwelling = append(b.dwelling, p)
		case OnAsk:
			b.asked = append(b.asked, p)
			b.AskNeeds |= p.Needs.Predictions
		}
	}
}

func add(index map[string][]*Play, events []string, p *Play) {
	for _, name := range events {
		index[name] = append(index[name], p)
	}
}
