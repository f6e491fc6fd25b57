package live

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/server/decide"
)

// made is everything a decision's record says beside the decision itself.
type made struct {
	id, customer string
	at           int64
	proactive    bool
	asked        bool
	max          int           // actions that were asked for; 0: as many as usual
	kinds        []string      // of them
	events       []event.Event // that were folded with it
	moment       features.Moment
	key          string              // link of the Idempotency-Key; empty: none
	answer       []byte              // given under the key
	actions      []byte              // as the answer has them; nil: there is no answer
	features     string              // revision
	playbook     string              // revision; empty: none serves
	predictions  []models.Prediction // when nothing was decided
	degraded     []string
}

// appendRecord appends a decision's record: what it says, and all that re-deriving it needs.
func (p *person) appendRecord(dst []byte, m *made) []byte {
	dst = append(dst, `{"decision_id":`...)
	dst = appendText(dst, m.id)
	dst = append(dst, `,"customer_id":`...)
	dst = appendText(dst, m.customer)
	dst = append(dst, `,"at":`...)
	dst = appendTime(dst, m.at)
	dst = append(dst, `,"proactive":`...)
	dst = strconv.AppendBool(dst, m.proactive && p.sends())
	predictions := m.predictions
	if p.decision != nil {
		dst, predictions = p.appendDecided(dst, m), p.ran
	}
	dst = append(dst, `,"predictions":`...)
	dst = appendPredictions(dst, predictions, nil)
	dst = append(dst, `,"failed":`...)
	dst = appendFailed(dst, predictions)
	dst = append(dst, `,"degraded":`...)
	dst = appendTexts(dst, m.degraded)
	dst = append(dst, `,"revisions":{"features":`...)
	dst = appendText(dst, m.features)
	dst = append(dst, `,"playbook":`...)
	dst = appendRevision(dst, m.playbook)
	dst = append(dst, '}')
	if m.key != "" {
		dst = append(dst, `,"key":`...)
		dst = appendText(dst, m.key)
		dst = append(append(dst, `,"answer":`...), m.answer...)
	}
	return append(dst, '}')
}

// sends says whether there is anything to deliver.
func (p *person) sends() bool {
	if p.decision == nil {
		return false
	}
	for i := range p.decision.Actions {
		if a := &p.decision.Actions[i]; !a.Pending && (!p.decision.Held || a.Staff) {
			return true
		}
	}
	return false
}

func (p *person) appendDecided(dst []byte, m *made) []byte {
	dst = append(dst, `,"trigger":`...)
	dst = p.appendTrigger(dst)
	dst = append(dst, `,"held":`...)
	dst = strconv.AppendBool(dst, p.decision.Held)
	dst = append(dst, `,"actions":`...)
	if m.actions != nil && !p.offersAgain() {
		dst = append(dst, m.actions...)
	} else {
		dst = p.appendActions(dst, false)
	}
	dst = append(dst, `,"held_actions":`...)
	dst = p.appendHeld(dst)
	dst = append(dst, `,"withheld":`...)
	dst = appendWithheld(dst, p.decision.Withheld)
	dst = append(dst, `,"draws":`...)
	dst = p.appendDraws(dst)
	dst = p.appendInputs(dst, m)
	dst = append(dst, `,"vector":"`...)
	dst = appendDigest(dst, p.facts.Vector)
	return append(dst, '"')
}

// appendDigest appends the digest of a vector, bit by bit. The memory behind dst serves to lay the bits out.
func appendDigest(dst []byte, vector []float32) []byte {
	bits := dst[len(dst):]
	for _, v := range vector {
		bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(v))
	}
	var sum [8]byte
	binary.BigEndian.PutUint64(sum[:], xxhash.Sum64(bits))
	return hex.AppendEncode(dst, sum[:])
}

// appendTrigger says what brought the decision about: the first play that did, and its event.
func (p *person) appendTrigger(dst []byte) []byte {
	for i := range p.decision.Actions {
		a := &p.decision.Actions[i]
		if a.Pending {
			continue
		}
		dst = append(dst, `{"kind":`...)
		dst = appendText(dst, a.Play.Trigger.String())
		dst = append(dst, `,"play":`...)
		dst = appendText(dst, a.Play.Name)
		if a.Event != nil && a.Event.Name != "" {
			dst = append(dst, `,"event":`...)
			dst = appendText(dst, a.Event.Name)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// offersAgain says whether any action was issued before.
func (p *person) offersAgain() bool {
	return slices.ContainsFunc(p.decision.Actions, func(a decide.Action) bool { return a.Pending })
}

// appendActions appends what the customer gets.
func (p *person) appendActions(dst []byte, pending bool) []byte {
	dst = append(dst, '[')
	n := 0
	for i := range p.decision.Actions {
		a := &p.decision.Actions[i]
		if p.decision.Held && !a.Staff && !a.Pending || a.Pending && !pending {
			continue
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = p.appendAction(dst, a)
	}
	return append(dst, ']')
}

// appendHeld appends what the customer would have got.
func (p *person) appendHeld(dst []byte) []byte {
	dst = append(dst, '[')
	n := 0
	for i := range p.decision.Actions {
		if a := &p.decision.Actions[i]; p.decision.Held && !a.Staff && !a.Pending {
			if n++; n > 1 {
				dst = append(dst, ',')
			}
			dst = p.appendAction(dst, a)
		}
	}
	return append(dst, ']')
}

func (p *person) appendAction(dst []byte, a *decide.Action) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, a.ID)
	dst = append(dst, `,"action":`...)
	dst = appendText(dst, a.Name)
	dst = append(dst, `,"kind":`...)
	dst = appendText(dst, a.Kind)
	dst = append(dst, `,"channel":`...)
	dst = appendText(dst, a.Channel)
	dst = append(dst, `,"variant":`...)
	content := a.Content
	if a.Variant != nil {
		dst, content = appendText(dst, a.Variant.Name), a.Variant.Content
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"content":`...)
	dst = content.AppendJSON(dst)
	if a.Staff {
		dst = append(dst, `,"audience":"staff"`...)
	}
	dst = append(dst, `,"worth":`...)
	dst = appendFloat(dst, a.Worth.Total)
	dst = append(dst, `,"worth_of":{"value":`...)
	dst = appendFloat(dst, a.Worth.Value)
	dst = append(dst, `,"weight":`...)
	dst = appendFloat(dst, a.Worth.Weight)
	dst = append(dst, `,"cost":`...)
	dst = append(appendFloat(dst, a.Worth.Cost), '}')
	dst = append(dst, `,"likelihood":`...)
	dst = appendFloat(dst, a.Likelihood)
	dst = append(dst, `,"propensity":`...)
	dst = appendFloat(dst, a.Propensity)
	dst = append(dst, `,"play":`...)
	dst = appendText(dst, a.Play.Name)
	dst = append(dst, `,"decision_id":`...)
	dst = appendText(dst, decisionOf(a.ID))
	dst = append(dst, `,"reasons":`...)
	dst = p.appendReasons(dst, a)
	dst = append(dst, `,"issued_at":`...)
	dst = appendTime(dst, a.At)
	dst = append(dst, `,"expires_at":`...)
	dst = appendTime(dst, a.Expires)
	if a.Pending {
		dst = append(dst, `,"pending":true`...)
	}
	return append(dst, '}')
}

func decisionOf(action string) string {
	c := features.Contact{ID: action}
	return c.Decision()
}

func appendWithheld(dst []byte, withheld []decide.Withheld) []byte {
	dst = append(dst, '[')
	for i := range withheld {
		w := &withheld[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"action":`...)
		dst = appendText(dst, w.Name)
		dst = append(dst, `,"play":`...)
		dst = appendText(dst, w.Play.Name)
		dst = append(dst, `,"why":`...)
		dst = appendText(dst, string(w.Why))
		if w.By != "" {
			dst = append(dst, `,"by":`...)
			dst = appendText(dst, w.By)
		}
		if w.Until > 0 {
			dst = append(dst, `,"until":`...)
			dst = appendTime(dst, w.Until)
		}
		dst = append(dst, `,"worth":`...)
		dst = append(appendFloat(dst, w.Worth.Total), '}')
	}
	return append(dst, ']')
}

func (p *person) appendDraws(dst []byte) []byte {
	dst = append(dst, '[')
	n := 0
	for i := range p.decision.Actions {
		a := &p.decision.Actions[i]
		for _, draw := range a.Draws {
			if n++; n > 1 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"action_id":`...)
			dst = appendText(dst, a.ID)
			dst = append(dst, `,"choice":`...)
			dst = appendText(dst, draw.Choice)
			dst = append(dst, `,"segment":`...)
			dst = appendText(dst, draw.Segment)
			dst = append(dst, `,"arm":`...)
			dst = appendText(dst, draw.Arm)
			dst = append(dst, `,"propensity":`...)
			dst = appendFloat(dst, draw.Propensity)
			dst = append(dst, `,"row":"`...)
			dst = strconv.AppendUint(dst, draw.Row, 16)
			dst = append(dst, `"}`...)
		}
	}
	return append(dst, ']')
}

func appendFloat(dst []byte, v float64) []byte {
	if v-v != 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

func appendRevision(dst []byte, revision string) []byte {
	if revision == "" {
		return append(dst, "null"...)
	}
	return appendText(dst, revision)
}
