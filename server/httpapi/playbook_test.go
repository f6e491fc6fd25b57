package httpapi

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// table holds one playbook, for a server alone.
type table struct {
	serves *Playbook
	err    error // that Put gives
}

func (b *table) Served() *Playbook { return b.serves }

func (b *table) Check(p *Playbook) error {
	book, err := playbook.Parse(p.Text, playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()})
	if err == nil {
		p.Revision = book.Revision
	}
	return err
}

func (b *table) Put(_ context.Context, p *Playbook, match string) error {
	if b.err != nil {
		return b.err
	}
	if match != "" && match != b.serves.Tag() {
		return ErrChanged
	}
	err := b.Check(p)
	if err == nil {
		p.Counter = 1
		if b.serves != nil {
			p.Counter += b.serves.Counter
		}
		b.serves = p
	}
	return err
}

func withTable(t *testing.T) (*harness, *table) {
	b := &table{}
	return newHarness(t, func(o *Options) { o.Playbooks = b }), b
}

const small = "version: 1\nactions: {hello: {kind: note, channels: [web]}} # a comment\nplays: [{name: greet, ask: true, propose: [hello]}]\n"

func TestAPlaybookComesBackAsItWasPut(t *testing.T) {
	h, _ := withTable(t)
	assert.Equal(t, 404, h.do("GET", "/playbook", "").status, "before there is one")

	put := h.do("PUT", "/playbook", small, "Content-Type", "text/yaml; charset=utf-8")
	require.Equal(t, 200, put.status, string(put.body))
	got := h.do("GET", "/playbook", "")
	require.Equal(t, 200, got.status)
	assert.Equal(t, small, string(got.body), "comments and all")
	assert.Equal(t, "application/yaml", got.header.Get("Content-Type"))
	assert.Equal(t, put.json(t)["revision"], got.header.Get("Playbook-Revision"))
	assert.Equal(t, put.header.Get("ETag"), got.header.Get("ETag"))

	asJSON := "{\n\t\"version\": 1,\n\t\"actions\": {\"hello\": {\"kind\": \"note\", \"channels\": [\"web\"]}},\n" +
		"\t\"plays\": [{\"name\": \"greet\", \"ask\": true, \"propose\": [\"hello\"]}]}"
	again := h.do("PUT", "/playbook", asJSON, "Content-Type", "application/json", "If-Match", got.header.Get("ETag"))
	require.Equal(t, 200, again.status, string(again.body))
	assert.Equal(t, put.json(t), again.json(t), "the same rules are the same revision")
	assert.NotEqual(t, put.header.Get("ETag"), again.header.Get("ETag"))
	assert.Equal(t, "application/json", h.do("GET", "/playbook", "").header.Get("Content-Type"))

	late := h.do("PUT", "/playbook", small, "Content-Type", "application/yaml", "If-Match", got.header.Get("ETag"))
	assert.Equal(t, 412, late.status)
	assert.Equal(t, asJSON, string(h.do("GET", "/playbook", "").body))
}

func TestCheckingChangesNothing(t *testing.T) {
	h, b := withTable(t)
	got := h.do("POST", "/playbook/check", small)
	assert.Equal(t, 200, got.status)
	assert.Regexp(t, `^[0-9a-f]{16}$`, got.json(t)["revision"])
	assert.Nil(t, b.serves)
}

// TestWrongPlaybooksOverHTTP: each is a clear answer, nothing is served, and the server goes on.
func TestWrongPlaybooksOverHTTP(t *testing.T) {
	h, b := withTable(t)
	play := func(n string) string { return "- {name: " + n + ", ask: true, propose: [hello]}\n" }
	with := func(from, to string) string {
		require.Contains(t, small, from)
		return strings.Replace(small, from, to, 1)
	}
	var many strings.Builder
	many.WriteString("version: 1\nactions: {hello: {kind: note, channels: [web]}}\nplays:\n")
	for i := range 10_000 {
		many.WriteString(play("p" + strings.Repeat("x", i%7) + string(rune('a'+i%26))))
	}
	for name, c := range map[string]struct {
		body, kind        string
		path, says, hints string
		line              float64
	}{
		"unknown action":          {body: with("[hello]", "[helo]"), path: "plays[0].propose[0]", says: "unknown action helo", hints: "did you mean hello?", line: 3},
		"cycle":                   {body: with("ask: true", "on: X, after: 1h, unless: X"), path: "plays[0].unless", says: "a cycle", line: 3},
		"cycle by outcomes":       {body: with("ask: true", "on: Action Shown"), path: "plays[0]", says: "a cycle", hints: "cooldown", line: 3},
		"two plays of one name":   {body: with("plays: [", "plays: [{name: greet, ask: true, propose: [hello]}, "), path: "plays[1]", says: "an earlier play is named greet too", line: 3},
		"division by zero":        {body: with("kind: note", "kind: note, value: 1 / 0"), path: "actions.hello.value", says: "divides by zero", line: 2},
		"division in a condition": {body: with("ask: true", "ask: true, when: 1 / 0 > 1"), path: "plays[0].when", says: "divides by zero", line: 3},
		"slow regular expression": {body: with("ask: true", `on: X, when: 'event.name.matches("(a{90}|b{90}){9}")'`), path: "plays[0].when", says: "too large to be fast", line: 3},
		"10,000 plays":            {body: many.String(), path: "plays", says: "at most 1000 are accepted, got 10000", line: 4},
		"a cap of -1":             {body: small + "caps: [{name: c, scope: all, max: -1, per: day}]\n", path: "caps[0].max", says: "expected a whole number from 0", line: 4},
		"not UTF-8":               {body: with("comment", "\xff"), says: "not valid UTF-8", line: 1},
		"no JSON":                 {body: "{\n \"version\": 1,\n x: 2}", kind: "application/json", says: "malformed JSON", hints: "application/yaml", line: 3},
		"JSON twice":              {body: `{"version": 1} {}`, kind: "application/json", says: "malformed JSON", line: 1},
		"no YAML":                 {body: "plays: [", says: "sequence", line: 1},
		"nothing":                 {body: "", says: "the file is empty", line: 1},
		"a list":                  {body: "[]", says: "expected a mapping", line: 1},
		"nested deeply":           {body: strings.Repeat("[", 100_000), says: "nested deeper", line: 1},
	} {
		if c.kind == "" {
			c.kind = "application/yaml"
		}
		for _, way := range [][2]string{{"POST", "/playbook/check"}, {"PUT", "/playbook"}} {
			got := h.do(way[0], way[1], c.body, "Content-Type", c.kind)
			if !assert.Equal(t, 422, got.status, "%s: %s", name, got.body) {
				continue
			}
			first := got.json(t)["errors"].([]any)[0].(map[string]any)
			assert.Equal(t, c.path, first["path"], name)
			assert.Contains(t, first["message"], c.says, name)
			assert.Contains(t, first["hint"], c.hints, name)
			assert.InDelta(t, c.line, first["line"], 0, name)
		}
	}
	assert.Nil(t, b.serves)
	assert.Equal(t, 200, h.do("PUT", "/playbook", small, "Content-Type", "application/yaml").status, "the server goes on")
}

func TestPlaybooksThatAreNotRead(t *testing.T) {
	h, b := withTable(t)
	got := h.do("PUT", "/playbook", small, "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, 415, got.status)
	assert.Equal(t, "Content-Type", got.json(t)["field"])
	assert.Equal(t, 413, h.do("PUT", "/playbook", strings.Repeat("#", playbook.MaxBytes+1)).status)
	assert.Equal(t, 200, h.do("PUT", "/playbook", small+strings.Repeat("#", playbook.MaxBytes-len(small))).status, "however small other bodies must be")
	b.err = ErrPinned
	got = h.do("PUT", "/playbook", small)
	assert.Equal(t, 409, got.status)
	assert.Equal(t, "/problems/pinned", got.json(t)["type"])
	b.err = context.DeadlineExceeded
	assert.Equal(t, 503, h.do("PUT", "/playbook", small).status)
}
