// Package bundles carries the bundles that ship with halfstep inside the binary.
package bundles

import (
	"embed"
	"io/fs"
)

//go:embed *
var shipped embed.FS

// FS is the folder of shipped bundles, laid out as <name>/<version>/.
func FS() fs.FS { return shipped }
