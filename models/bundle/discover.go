package bundle

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
)

// Location is where a bundle lies in a folder of bundles.
type Location struct {
	Name    string
	Version int
	Path    string // slash-separated, below the folder
}

// Discover lists the bundles of a folder laid out as <name>/<version>/bundle.yaml, by name and then by version. What else lies there
// is passed over, so that a README may.
func Discover(folder fs.FS) ([]Location, error) {
	files, err := fs.Glob(folder, "*/*/bundle.yaml")
	if err != nil {
		return nil, fmt.Errorf("list bundles: %w", err)
	}
	var found []Location
	for _, file := range files {
		at := path.Dir(file)
		version, err := strconv.Atoi(path.Base(at))
		if err != nil || version < 1 {
			return nil, fmt.Errorf("%s: the folder of a bundle is named after its version, expected a whole number from 1", at)
		}
		found = append(found, Location{Name: path.Dir(at), Version: version, Path: at})
	}
	slices.SortFunc(found, func(a, b Location) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return found, nil
}

// Latest keeps the highest version of each name.
func Latest(sorted []Location) []Location {
	var latest []Location
	for i, at := range sorted {
		if i+1 == len(sorted) || sorted[i+1].Name != at.Name {
			latest = append(latest, at)
		}
	}
	return latest
}
