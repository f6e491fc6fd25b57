package cases

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sound = `about: something
preset: e-commerce
customer: {id: li}
history:
  - {ago: 2d, event: Page Viewed}
timeline:
  - {at: 1m, event: Product Viewed}
  - wait: 24h
    expect: {actions: [a, {action: b, says: {zh: 好, en: [good, fine]}}]}
  - {score: {channel: web}, expect: {withheld: {a: capped}}}
`

// A case that is not understood must not pass for one that holds.
func TestWrongCasesAreRefusedWithFileAndLine(t *testing.T) {
	_, err := read("sound.yaml", []byte(sound))
	require.NoError(t, err)
	for _, c := range []struct{ from, to, want string }{
		{"about: something\n", "", "x.yaml:1: expected about, preset, customer with an id, and a timeline"},
		{"about: something", "abuot: something", `x.yaml:1: unknown field "abuot"`},
		{"{ago: 2d,", "{agoo: 2d,", `x.yaml:5: unknown field "agoo"`},
		{"{ago: 2d,", "{ago: 2 days,", `x.yaml:5: expected a duration such as 30m, 1h or 7d, got "2 days"`},
		{"at: 1m, event: Product Viewed", "at: 1m, evnt: Product Viewed", `x.yaml:7: unknown field "evnt"`},
		{"{at: 1m, event: Product Viewed}", "{}", "x.yaml:7: expected one of event, score, outcome, wait and at"},
		{"wait: 24h", "wait: 24h\n    event: Search", "x.yaml:8: expected a wait, or something that happens, not both; write at: to say when"},
		{"wait: 24h", "wait: 24h\n    at: 30h", "x.yaml:8: expected at or wait, not both"},
		{"wait: 24h", "at: 30s", "x.yaml:8: at: expected 1m0s or later, for that is when the step before ends"},
		{"wait: 24h", "outcome: {action: a, outcome: loved}", `x.yaml:8: outcome: unknown "loved"; expected shown, accepted, declined, dismissed, converted or expired`},
		{"{action: b, says", "{action: b, syas", `x.yaml:9: unknown field "syas"`},
		{"score: {channel: web}", "wait: 1m", "x.yaml:10: expect: what was withheld, and tags, are told by a score"},
		{"timeline:", "timeline: 7\nmore:", "x.yaml:6: "},
		{"preset: e-commerce", "preset: [", "x.yaml:2: "},
	} {
		data := strings.Replace(sound, c.from, c.to, 1)
		require.NotEqual(t, sound, data, c.from)
		_, err := read("x.yaml", []byte(data))
		if assert.Error(t, err, c.to) {
			assert.True(t, strings.HasPrefix(err.Error(), c.want), "%s\n got: %v\nwant: %s", c.to, err, c.want)
		}
	}
}
