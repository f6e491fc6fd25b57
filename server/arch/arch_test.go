// Package arch holds the code to the order of its rooms.
package arch

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/halfstep-ml/halfstep/"

// rooms, each allowed to import those before it.
var rooms = []string{"features", "models", "server", "benchmarks"}

// forbidden is what the packages below a folder must not import themselves, because that is another room's business.
var forbidden = map[string][]string{
	"features": {"github.com/gin-gonic/gin", "github.com/prometheus/", "net/http", "github.com/yalue/onnxruntime_go", "github.com/spf13/cobra"},
	"models":   {"github.com/gin-gonic/gin", "github.com/prometheus/", "net/http", "github.com/redis/", "github.com/cockroachdb/", "github.com/spf13/cobra"},
}

// alone is which folders, by how their names begin, may import what nobody else may know.
var alone = map[string]string{
	"github.com/yalue/onnxruntime_go":  "models/ort",
	"github.com/cockroachdb/pebble/v2": "features/store/pebble",
	"github.com/redis/go-redis/v9":     "features/store/redis",
}

func TestImportsPointOneWay(t *testing.T) {
	for path, imports := range packages(t) {
		room, known := position(path)
		if !known {
			t.Errorf("%s lies in none of the rooms %v", path, rooms)
			continue
		}
		for _, imported := range imports {
			if other, inside := position(imported); inside && other > room {
				t.Errorf("%s imports %s: %s must not know of %s", path, imported, rooms[room], rooms[other])
			}
			for _, prefix := range forbidden[rooms[room]] {
				if strings.HasPrefix(imported, prefix) {
					t.Errorf("%s imports %s, which is not the business of %s", path, imported, rooms[room])
				}
			}
		}
	}
}

// TestLibrariesBehindOneDoor looks at what is built, not at tests: these may look behind the door.
func TestLibrariesBehindOneDoor(t *testing.T) {
	for path, imports := range packages(t) {
		for _, imported := range imports {
			door, guarded := alone[imported]
			if at := strings.TrimPrefix(path, module); guarded && !strings.HasPrefix(at, door) && !strings.HasPrefix(at, "benchmarks") {
				t.Errorf("%s imports %s, which only %s may know", path, imported, door)
			}
		}
	}
}

// position returns which room a package of this module lies in.
func position(path string) (int, bool) {
	rest, ours := strings.CutPrefix(path, module)
	if !ours {
		return 0, false
	}
	top, _, _ := strings.Cut(rest, "/")
	for i, room := range rooms {
		if top == room {
			return i, true
		}
	}
	return 0, false
}

// packages returns what each package of the module imports, without its tests.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		found[words[0]] = words[1:]
	}
	if len(found) < 5 {
		t.Fatalf("found only %d packages", len(found))
	}
	return found
}
