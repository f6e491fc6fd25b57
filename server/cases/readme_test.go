package cases

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/server/playbook"
)

var update = flag.Bool("update", false, "write the list of cases into README.md")

const listBegins, listEnds = "<!-- The list is written by `go test ./server/cases -update`. -->\n", "<!-- End of the list. -->"

func TestReadmeListsTheCases(t *testing.T) {
	data, err := os.ReadFile("README.md")
	require.NoError(t, err)
	before, rest, begins := strings.Cut(string(data), listBegins)
	_, after, ends := strings.Cut(rest, listEnds)
	require.True(t, begins && ends, "README.md has no place for the list")
	readme := before + listBegins + list(t) + listEnds + after
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(readme), 0o644))
		return
	}
	assert.Equal(t, readme, string(data), "write it with -update")
}

func list(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, preset := range playbook.Presets() {
		fmt.Fprintf(&out, "\n**%s**\n\n", preset)
		files, err := filepath.Glob(preset + "/*.yaml")
		require.NoError(t, err)
		for _, name := range files {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			s, err := read(name, data)
			require.NoError(t, err)
			fmt.Fprintf(&out, "- [%s](%s): %s\n", strings.TrimSuffix(filepath.Base(name), ".yaml"), name, s.About)
		}
	}
	return out.String() + "\n"
}
