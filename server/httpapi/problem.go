package httpapi

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// kind is a row of the table of problems. The slug is the end of the type that callers may rely on, so it never changes.
type kind struct {
	slug   string
	status int
	title  string
	hint   string
}

// The problems that the server answers with.
var (
	malformed       = kind{"malformed", http.StatusBadRequest, "The body cannot be read", "Send JSON as /openapi.json describes it."}
	invalidField    = kind{"invalid-field", http.StatusBadRequest, "A field is not as expected", "Correct the field and send again."}
	unauthorized    = kind{"unauthorized", http.StatusUnauthorized, "An API key is needed", "Send `Authorization: Bearer KEY`, or the key as the user of Basic."}
	forbidden       = kind{"forbidden", http.StatusForbidden, "The API key may not do this", "Use a key of a role that may: track, score or admin."}
	notFound        = kind{"not-found", http.StatusNotFound, "There is nothing here", "See /openapi.json for what there is."}
	unknownDecision = kind{"unknown-decision", http.StatusNotFound, "There is no such decision", "It may be older than link_ttl or the journal, or its customer erased."}
	notAllowed      = kind{"method-not-allowed", http.StatusMethodNotAllowed, "The method does not fit", "See the Allow header and /openapi.json."}
	tooSlow         = kind{"request-timeout", http.StatusRequestTimeout, "The request did not come whole in time", "Send smaller bodies, or raise read_timeout."}
	beforeNewest    = kind{"before-newest", http.StatusConflict, "A customer cannot be read before their newest event", "Ask for a later moment, or replay the journal."}
	tooLarge        = kind{"too-large", http.StatusRequestEntityTooLarge, "The body is too large", "Send fewer at once."}
	unknownCoding   = kind{"unsupported-encoding", http.StatusUnsupportedMediaType, "The body's Content-Encoding is not supported", "Send it as it is."}
	unknownType     = kind{"unsupported-type", http.StatusUnsupportedMediaType, "The body's Content-Type is not supported", "Send application/yaml or application/json, and say so."}
	badPlaybook     = kind{"invalid-playbook", http.StatusUnprocessableEntity, "The playbook is not fit to serve", "Correct what errors lists; the old one serves."}
	pinned          = kind{"pinned", http.StatusConflict, "The playbook cannot be put here", "Change the file, or serve without --playbook."}
	stale           = kind{"changed", http.StatusPreconditionFailed, "What is to be replaced is another by now", "Get it again, and look whether the change still fits."}
	notKept         = kind{"not-kept", http.StatusConflict, "The decision cannot be made again", "It takes that something was decided, and the bundles it was made by in the bundles folder."}
	internal        = kind{"internal", http.StatusInternalServerError, "Something went wrong here", "The log has more under the request id."}
	overloaded      = kind{"overloaded", http.StatusServiceUnavailable, "Too many requests at once", "Wait as Retry-After says, and try again."}
	notStored       = kind{"not-stored", http.StatusServiceUnavailable, "Some events could not be stored", "Send all of them again: those with ids are counted once."}
	storeMissing    = kind{"store-unavailable", http.StatusServiceUnavailable, "The store does not answer", "Try again."}
	notReady        = kind{"not-ready", http.StatusServiceUnavailable, "The server is not ready", "Wait until it is."}
)

// problem is an answer that says what went wrong.
type problem struct {
	kind
	detail string
	field  string
	failed []int // positions of events
	errors playbook.Problems
	cause  error // for the log
}

func (p *problem) Error() string { return p.slug + ": " + p.detail }

func (p *problem) appendJSON(dst []byte, requestID string) []byte {
	w := jsonObject{dst: append(dst, '{')}
	w.text("type", "/problems/"+p.slug)
	w.text("title", p.title)
	w.integer("status", p.status)
	if p.detail != "" {
		w.text("detail", p.detail)
	}
	if p.field != "" {
		w.text("field", p.field)
	}
	w.text("hint", p.hint)
	if p.failed != nil {
		w.integers("failed", p.failed)
	}
	if p.errors != nil {
		w.problems("errors", p.errors)
	}
	w.text("request_id", requestID)
	return append(w.dst, '}')
}

// problemOf finds the row for an error.
func problemOf(err error) *problem {
	var (
		p       *problem
		field   *event.FieldError
		request *live.RequestError
		syntax  *jsontext.SyntacticError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &request) && errors.Is(err, features.ErrBeforeNewest):
		return &problem{kind: beforeNewest, field: request.Field, detail: request.Error()}
	case errors.As(err, &request):
		return &problem{kind: invalidField, field: request.Field, detail: request.Error()}
	case errors.As(err, &field) && field.Field == "":
		return &problem{kind: malformed, detail: field.Message}
	case errors.As(err, &field):
		return &problem{kind: invalidField, field: field.Field, detail: field.Error()}
	case errors.As(err, &syntax):
		return &problem{kind: malformed, detail: "malformed JSON: " + syntax.Error()}
	}
	return &problem{kind: internal, cause: err}
}
