package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/halfstep-ml/halfstep/server/playbook"
)

// The media types of a playbook.
const (
	YAML = "application/yaml"
	JSON = "application/json"
)

// Playbook is a playbook as it was put.
type Playbook struct {
	Text     []byte
	Type     string // YAML or JSON
	Revision string
	Counter  uint64 // grows with everything that is put; 0: it is of a file
}

// Tag is the playbook's ETag.
func (p *Playbook) Tag() string { return fmt.Sprintf(`"%s-%d"`, p.Revision, p.Counter) }

// What keeps a playbook from being put.
var (
	ErrPinned  = errors.New("the server serves the playbook of a file")
	ErrChanged = errors.New("another playbook was put meanwhile")
)

// Playbooks has playbooks serve. What is wrong with one is playbook.Problems.
type Playbooks interface {
	// Served returns what serves here, nil when nothing does.
	Served() *Playbook
	// Check fills in the revision of a playbook that could serve.
	Check(p *Playbook) error
	// Put has a playbook serve on all servers, and fills in revision and counter. With a match that is not empty it replaces only
	// the playbook of that tag.
	Put(ctx context.Context, p *Playbook, match string) error
}

// getPlaybook answers with what serves, as it was put.
func (a *API) getPlaybook(c *call) error {
	p := a.playbooks.Served()
	if p == nil {
		return &problem{kind: notFound, detail: "no playbook serves"}
	}
	playbookHeader(c, p)
	c.Writer.Header()["Content-Type"] = []string{p.Type}
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write(p.Text) // the client is gone when this fails
	return nil
}

func playbookHeader(c *call, p *Playbook) {
	h := c.Writer.Header()
	h.Set("ETag", p.Tag())
	h.Set("Playbook-Revision", p.Revision)
}

// putPlaybook has a playbook serve.
func (a *API) putPlaybook(c *call) error {
	p, err := a.readPlaybook(c)
	if err != nil {
		return err
	}
	// What was begun is finished, even when the client leaves.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), a.storeTimeout)
	defer cancel()
	if err := a.playbooks.Put(ctx, p, c.GetHeader("If-Match")); err != nil {
		return playbookProblem(err)
	}
	playbookHeader(c, p)
	return c.sendRevision(p)
}

// postPlaybookCheck says what putting a playbook would say.
func (a *API) postPlaybookCheck(c *call) error {
	p, err := a.readPlaybook(c)
	if err != nil {
		return err
	}
	if err := a.playbooks.Check(p); err != nil {
		return playbookProblem(err)
	}
	return c.sendRevision(p)
}

func (c *call) sendRevision(p *Playbook) error {
	w := jsonObject{dst: append(c.out[:0], '{')}
	w.text("revision", p.Revision)
	c.out = append(w.dst, '}')
	return c.send(http.StatusOK, c.out)
}

func (a *API) readPlaybook(c *call) (*Playbook, error) {
	p := &Playbook{Type: YAML}
	if given := c.GetHeader("Content-Type"); given != "" {
		kind, _, err := mime.ParseMediaType(given)
		switch {
		case err == nil && kind == JSON:
			p.Type = JSON
		case err != nil || kind != YAML && kind != "application/x-yaml" && kind != "text/yaml":
			return nil, &problem{kind: unknownType, field: "Content-Type", detail: fmt.Sprintf("got %.80q, expected %s or %s", given, YAML, JSON)}
		}
	}
	raw, err := a.readUpTo(c, playbook.MaxBytes)
	if err != nil {
		return nil, err
	}
	if p.Type == JSON {
		if err := jsonSyntax(raw); err != nil {
			return nil, err
		}
	}
	p.Text = append(p.Text, raw...) // the call's memory is used again
	return p, nil
}

// jsonSyntax refuses what only YAML has: a playbook is read as YAML, of which JSON is a part.
func jsonSyntax(raw []byte) error {
	var bad *jsontext.SyntacticError
	value := jsontext.Value(slices.Clone(raw))
	err := value.Compact(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) // of these, reading it tells more
	if !errors.As(err, &bad) {
		return err
	}
	before := raw[:min(int(bad.ByteOffset), len(raw))]
	return playbookProblem(playbook.Problems{{
		Line: 1 + bytes.Count(before, []byte{'\n'}), Column: len(before) - bytes.LastIndexByte(before, '\n'),
		Message: "malformed JSON: " + bad.Err.Error(), Hint: "YAML is sent as " + YAML,
	}})
}

func playbookProblem(err error) error {
	var problems playbook.Problems
	switch {
	case errors.As(err, &problems):
		return &problem{kind: badPlaybook, detail: count(len(problems)), errors: problems}
	case errors.Is(err, ErrPinned):
		return &problem{kind: pinned, detail: err.Error()}
	case errors.Is(err, ErrChanged):
		return &problem{kind: stale, field: "If-Match", detail: err.Error()}
	}
	return storeProblem(err)
}

func count(problems int) string {
	if problems == 1 {
		return "1 thing is wrong with it"
	}
	return fmt.Sprintf("%d things are wrong with it", problems)
}

// problems writes what is wrong with a file.
func (w *jsonObject) problems(name string, all playbook.Problems) {
	w.key(name)
	w.dst = append(w.dst, '[')
	for i, p := range all {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		one := jsonObject{dst: append(w.dst, '{')}
		one.text("path", p.Path)
		one.integer("line", p.Line)
		one.integer("column", p.Column)
		one.text("message", p.Message)
		one.text("hint", p.Hint)
		w.dst = append(one.dst, '}')
	}
	w.dst = append(w.dst, ']')
}
