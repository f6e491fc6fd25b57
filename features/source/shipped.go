package source

import (
	"embed"
	"fmt"
	"strings"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

//go:embed mappings/*.yaml
var shipped embed.FS

// ShippedMappings are the names of the mappings that come with halfstep, sorted.
func ShippedMappings() []string {
	entries, _ := shipped.ReadDir("mappings") // embedded, so it is there
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}

// ShippedMapping returns the mapping of that name.
func ShippedMapping(name string) (*Mapping, error) {
	data, err := shipped.ReadFile("mappings/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no mapping %q comes with halfstep%s", name, yamlfile.DidYouMean(name, ShippedMappings()))
	}
	return ParseMapping(name+".yaml", data)
}
