package live

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/models"
)

// was remembers the state that a decision begins with: as it was loaded, or of a customer who comes back after an erasure as it is now,
// with the opt-out that outlived it.
func (p *person) was(snap *store.Snapshot) {
	if p.before = append(p.before[:0], snap.State...); snap.State == nil && p.state.Events() > 0 {
		p.before = p.state.Append(p.before)
	}
}

// appendInputs appends what a decision was made from, but for what is kept by revision.
func (p *person) appendInputs(dst []byte, m *made) []byte {
	dst = append(dst, `,"asked":`...)
	dst = strconv.AppendBool(dst, m.asked)
	dst = append(dst, `,"max":`...)
	dst = strconv.AppendInt(dst, int64(m.max), 10)
	dst = append(dst, `,"kinds":`...)
	dst = appendTexts(dst, m.kinds)
	dst = append(dst, `,"channel":`...)
	dst = appendText(dst, m.moment.Channel)
	dst = append(dst, `,"page":`...)
	dst = appendText(dst, m.moment.Page)
	dst = append(dst, `,"context":`...)
	dst = m.moment.Context.AppendJSON(dst)
	dst = append(dst, `,"events":[`...)
	for i := range m.events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m.events[i].AppendJSON(dst)
	}
	dst = append(dst, `],"fired":`...)
	dst = p.appendFired(dst, len(m.events) == 0)
	dst = append(dst, `,"rows":`...)
	dst = p.appendRows(dst)
	dst = append(dst, `,"budgets":`...)
	dst = p.appendBudgets(dst)
	dst = append(dst, `,"state":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, p.before)
	return append(dst, '"')
}

// appendFired appends the plays whose moment had come, with the events that brought it where the record has them nowhere else: of a
// timer.
func (p *person) appendFired(dst []byte, whole bool) []byte {
	dst = append(dst, '[')
	for i, f := range p.moments.fired {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"play":`...)
		dst = appendText(dst, f.Play.Name)
		if whole && f.Event != nil {
			dst = append(dst, `,"event":`...)
			dst = f.Event.AppendJSON(dst)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendRows appends what chance drew from.
func (p *person) appendRows(dst []byte) []byte {
	dst = append(dst, '[')
	for i, s := range p.decision.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"choice":`...)
		dst = appendText(dst, s.Choice)
		dst = append(dst, `,"segment":`...)
		dst = appendText(dst, s.Segment)
		dst = append(dst, `,"row":"`...)
		dst = strconv.AppendUint(dst, s.Version, 16)
		dst = append(dst, `","arms":[`...)
		for k, a := range s.Arms {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"arm":`...)
			dst = appendText(dst, a.Name)
			dst = append(dst, `,"propensity":`...)
			dst = appendFloat(dst, a.Propensity)
			dst = append(dst, `,"best":`...)
			dst = append(appendFloat(dst, a.Best), '}')
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, ']')
}

func (p *person) appendBudgets(dst []byte) []byte {
	if len(p.book.Budgets) == 0 || len(p.spent.answers) == 0 {
		return append(dst, "[]"...)
	}
	raw, _ := json.Marshal(p.spent.answers)
	return append(dst, raw...)
}

// appendFailed lists the tasks whose scores are base rates, which no play reads.
func appendFailed(dst []byte, predictions []models.Prediction) []byte {
	var failed []string
	for i := range predictions {
		if predictions[i].Err != nil {
			failed = append(failed, predictions[i].Task)
		}
	}
	return appendTexts(dst, failed)
}
