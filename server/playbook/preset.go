package playbook

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

//go:embed presets/*.yaml
var presets embed.FS

// DefaultPreset is the playbook that a new store begins with.
const DefaultPreset = "e-commerce"

// Presets are the names of the playbooks that ship.
func Presets() []string {
	files, err := presets.ReadDir("presets")
	if err != nil {
		panic("playbook: " + err.Error()) // the folder is in the binary
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f.Name(), path.Ext(f.Name()))
	}
	return names
}

// Preset is the file of a playbook that ships, with texts in a language, zh or en. The English one goes by UTC.
func Preset(name, language string) ([]byte, error) {
	if !slices.Contains(Presets(), name) {
		return nil, fmt.Errorf("unknown preset %s%s", name, yamlfile.DidYouMean(name, Presets()))
	}
	data, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("read preset: %w", err)
	}
	switch language {
	case chinese:
		return data, nil
	case english:
		changes := strings.NewReplacer("language: zh\n", "language: en\n", "timezone: Asia/Shanghai\n", "timezone: UTC\n")
		return []byte(changes.Replace(string(data))), nil
	}
	return nil, fmt.Errorf("unknown language %s; expected zh or en", language)
}
