package reason

import (
	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/expr"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// Book is what there is to say about the plays of a playbook. It is immutable and safe for concurrent use.
type Book struct {
	Playbook *playbook.Playbook // nil: there are features alone
	plays    []play             // by Play.Index
	columns  []fact             // by the features' columns
	tasks    map[string]fact
	wording  *wording
}

// play is what there is to say about one.
type play struct {
	conditions []part
	trigger    fact   // of a play that waits, or else of one that is fired by an event; none of one that is asked for
	waits      bool   // the trigger is said first; else only when there is nothing else to say
	likely     []fact // predictions that the worth of what it proposes reads
}

// part is a condition taken apart, with what there is to say about what is left.
type part struct {
	logic expr.Logic
	holds *playbook.Predicate // of a leaf
	parts []part
	facts []fact // of a leaf
}

// Compile prepares the sentences of a playbook made for a FeatureSet; without a playbook (nil) those of the features, in English.
func Compile(book *playbook.Playbook, set *features.FeatureSet) *Book {
	b := &Book{Playbook: book, tasks: map[string]fact{}}
	c := &compiler{book: b, set: set, wording: language("en")}
	if book != nil {
		c.wording = language(book.Language)
		c.vocabulary = playbook.Vocabulary{Features: set, Tasks: book.Tasks}
	}
	b.wording = c.wording
	for i := range set.Features() {
		b.columns = append(b.columns, c.feature(i))
	}
	if book == nil {
		return b
	}
	for i, task := range book.Tasks {
		b.tasks[task] = c.prediction(task, i)
	}
	b.plays = make([]play, len(book.Plays))
	for i, p := range book.Plays {
		c.play(&b.plays[i], p)
	}
	return b
}

// compiler makes a Book.
type compiler struct {
	book       *Book
	set        *features.FeatureSet
	wording    *wording
	vocabulary playbook.Vocabulary
}

func (c *compiler) play(out *play, p *playbook.Play) {
	for _, clause := range p.Clauses {
		compiled, err := c.part(clause.Predicate, expr.Parts(clause.Source()))
		if err != nil { // a part of what compiles may be too much by itself: then it is not taken apart
			compiled = part{holds: clause.Predicate, facts: c.facts(clause.Predicate, nil)}
		}
		out.conditions = append(out.conditions, compiled)
	}
	out.trigger, out.waits = c.trigger(p)
	for i, task := range c.book.Playbook.Tasks {
		if p.Needs.Predictions.Has(i) {
			out.likely = append(out.likely, c.book.tasks[task])
		}
	}
}

// part compiles a part of a condition; of the whole the compiled form is there already.
func (c *compiler) part(whole *playbook.Predicate, of expr.Part) (part, error) {
	out := part{logic: of.Logic}
	for _, inner := range of.Parts {
		compiled, err := c.part(nil, inner)
		if err != nil {
			return part{}, err
		}
		out.parts = append(out.parts, compiled)
	}
	if of.Logic != expr.Leaf {
		return out, nil
	}
	if out.holds = whole; whole == nil {
		var err error
		if out.holds, err = playbook.Condition(of.Source, c.vocabulary); err != nil {
			return part{}, err
		}
	}
	out.facts = c.facts(out.holds, of.Texts)
	return out, nil
}

// facts are those that a condition reads.
func (c *compiler) facts(p *playbook.Predicate, texts []string) (facts []fact) {
	for _, name := range p.Variables() {
		facts = append(facts, c.about(name, texts)...)
	}
	return facts
}
