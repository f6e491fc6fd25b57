package playbook

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func preset(t *testing.T, name, language string) *Playbook {
	t.Helper()
	file, err := Preset(name, language)
	require.NoError(t, err)
	b, err := Parse(file, vocabulary)
	require.NoError(t, err, name)
	return b
}

func TestPresetsAreSound(t *testing.T) {
	assert.Equal(t, []string{"e-commerce", "service-desk", "software-trial"}, Presets())
	assert.Contains(t, Presets(), DefaultPreset)
	for _, name := range Presets() {
		zh, en := preset(t, name, "zh"), preset(t, name, "en")
		assert.Equal(t, "Asia/Shanghai", zh.Timezone.String())
		assert.Equal(t, "UTC", en.Timezone.String())
		assert.NotEqual(t, zh.Revision, en.Revision)
		proposed := map[string]bool{}
		for _, p := range zh.Plays {
			for _, proposal := range p.Propose {
				proposed[proposal.Action.Name] = true
			}
		}
		for i, a := range zh.Actions {
			assert.True(t, proposed[a.Name], "%s: nothing proposes %s", name, a.Name)
			assert.Equal(t, a.Name, en.Actions[i].Name)
			for j, content := range wordings(a) {
				assert.True(t, strings.ContainsFunc(content, han), "%s: %s in Chinese: %s", name, a.Name, content)
				english := wordings(en.Actions[i])[j]
				assert.False(t, strings.ContainsFunc(english, han), "%s: %s in English: %s", name, a.Name, english)
			}
		}
	}
	_, err := Preset("ecommerce", "zh")
	assert.EqualError(t, err, "unknown preset ecommerce; did you mean e-commerce?")
	_, err = Preset("e-commerce", "fr")
	assert.Error(t, err)
}

func wordings(a *Action) []string {
	if len(a.Variants) == 0 {
		return []string{string(a.Content.AppendJSON(nil))}
	}
	var out []string
	for _, v := range a.Variants {
		out = append(out, string(v.Content.AppendJSON(nil)))
	}
	return out
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }
