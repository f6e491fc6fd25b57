package live

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models"
)

// Answer is what /score says of one customer.
type Answer struct {
	DecisionID  string
	CustomerID  string
	Known       bool
	At          int64 // Unix milliseconds
	Predictions []models.Prediction
	Because     [][]byte              // JSON: what did most to each of the predictions; empty: nobody asked
	Said        features.Conversation // of the visit that is under way, with what the last message was read as asking for
	Tags        []string
	Degraded    []string
	Features    string // revision
	Playbook    string // revision; empty: none serves
	Actions     []byte // JSON
	Withheld    []byte // JSON
	Took        time.Duration
	// Replayed is the answer that was given under the same Idempotency-Key before; if there is one, it is the whole answer.
	Replayed []byte
}

// AppendJSON appends the answer as the contract shapes it. Numbers are as short as they can be and still read back exactly.
func (a *Answer) AppendJSON(dst []byte) []byte {
	if a.Replayed != nil {
		return append(dst, a.Replayed...)
	}
	dst = append(dst, `{"decision_id":"`...)
	dst = append(dst, a.DecisionID...)
	dst = append(dst, `","customer_id":`...)
	dst = appendText(dst, a.CustomerID)
	dst = append(dst, `,"known":`...)
	dst = strconv.AppendBool(dst, a.Known)
	dst = append(dst, `,"at":`...)
	dst = appendTime(dst, a.At)
	dst = append(dst, `,"predictions":`...)
	dst = appendPredictions(dst, a.Predictions, a.Because)
	dst = a.appendIntents(append(dst, `,"intents":`...))
	dst = append(dst, `,"actions":`...)
	dst = appendList(dst, a.Actions)
	dst = append(dst, `,"withheld":`...)
	dst = appendList(dst, a.Withheld)
	dst = append(dst, `,"tags":`...)
	dst = appendTexts(dst, a.Tags)
	dst = append(dst, `,"degraded":`...)
	dst = appendTexts(dst, a.Degraded)
	dst = append(dst, `,"revisions":{"features":`...)
	dst = appendText(dst, a.Features)
	dst = append(dst, `,"playbook":`...)
	dst = appendRevision(dst, a.Playbook)
	dst = append(dst, `},"took_us":`...)
	dst = strconv.AppendInt(dst, a.Took.Microseconds(), 10)
	return append(dst, '}')
}

// appendIntents gives each intent the message that it was read in, and the model that read it, as the reason.
func (a *Answer) appendIntents(dst []byte) []byte {
	dst = append(dst, '[')
	for i, in := range a.Said.Intents {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(append(dst, `{"name":`...), in.Name)
		dst = appendNumber(append(dst, `,"score":`...), in.Score)
		dst = appendText(append(dst, `,"because":[{"text":`...), a.Said.Message)
		if a.Said.Model != "" {
			dst = appendText(append(dst, `,"model":`...), a.Said.Model)
		}
		dst = append(dst, `}]}`...)
	}
	return append(dst, ']')
}

// appendList appends a list that was made before; none was when nothing was to be decided.
func appendList(dst, list []byte) []byte {
	if len(list) == 0 {
		return append(dst, "[]"...)
	}
	return append(dst, list...)
}

func appendPredictions(dst []byte, predictions []models.Prediction, because [][]byte) []byte {
	dst = append(dst, '{')
	for i := range predictions {
		p := &predictions[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, p.Task)
		dst = append(dst, `:{"score":`...)
		dst = appendNumber(dst, p.Score)
		dst = append(dst, `,"band":`...)
		dst = appendText(dst, p.Band)
		if p.Direction != "" {
			dst = append(dst, `,"direction":`...)
			dst = appendText(dst, p.Direction)
		}
		dst = append(dst, `,"model":`...)
		dst = appendText(dst, p.Model)
		dst = append(dst, `,"slot":"live"`...)
		if i < len(because) && because[i] != nil {
			dst = append(append(dst, `,"because":`...), because[i]...)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendNumber writes what is no number as null: JSON knows neither NaN nor infinity.
func appendNumber(dst []byte, v float32) []byte {
	if v-v != 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, float64(v), 'g', -1, 32)
}

// appendText cannot fail: every text was checked to be UTF-8 when it came in.
func appendText(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

func appendTexts(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, s := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, s)
	}
	return append(dst, ']')
}

func appendTime(dst []byte, ms int64) []byte {
	dst = append(dst, '"')
	dst = time.UnixMilli(ms).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	return append(dst, '"')
}
