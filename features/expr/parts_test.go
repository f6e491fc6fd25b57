package expr

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParts(t *testing.T) {
	got := Parts(`a > 1 && (b == "x" || !("y" in tags)) && c.matches("z|w")`)
	leaf := func(source string, texts ...string) Part { return Part{Source: source, Texts: texts} }
	require.Equal(t, Part{Logic: All, Parts: []Part{
		{Logic: All, Parts: []Part{
			leaf("a > 1"),
			{Logic: Some, Parts: []Part{leaf(`b == "x"`, "x"), {Logic: Not, Parts: []Part{leaf(`"y" in tags`, "y")}}}},
		}},
		leaf(`c.matches("z|w")`, "z|w"),
	}}, got)
	require.Equal(t, leaf("a >"), Parts("a >"))
}
