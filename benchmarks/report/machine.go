package report

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// Machine is where the figures were measured.
type Machine struct {
	Processor   string `json:"processor"`
	Cores       int    `json:"cores"`
	MemoryBytes uint64 `json:"memory_bytes"`
	Kernel      string `json:"kernel"`
	Platform    string `json:"platform"`
}

// ThisMachine describes the machine that this runs on.
func ThisMachine() (Machine, error) {
	m := Machine{Cores: runtime.NumCPU(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return m, fmt.Errorf("describe the machine: %w", err)
	}
	cpus, err := fs.CPUInfo()
	if err != nil || len(cpus) == 0 {
		return m, fmt.Errorf("read the processor's name: %w", err)
	}
	memory, err := fs.Meminfo()
	if err != nil || memory.MemTotalBytes == nil {
		return m, fmt.Errorf("read the size of the memory: %w", err)
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return m, fmt.Errorf("read the kernel's version: %w", err)
	}
	m.Processor, m.MemoryBytes, m.Kernel = cpus[0].ModelName, *memory.MemTotalBytes, unix.ByteSliceToString(name.Release[:])
	return m, nil
}

// libraries are those that a figure depends on.
var libraries = []string{
	"github.com/gin-gonic/gin", "github.com/redis/go-redis/v9", "github.com/yalue/onnxruntime_go", "github.com/bytedance/sonic",
	"github.com/go-json-experiment/json", "github.com/parquet-go/parquet-go",
}

// BuiltFrom are the versions of Go and of the libraries in this binary.
func BuiltFrom() map[string]string {
	versions := map[string]string{"go": runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, module := range info.Deps {
		for _, name := range libraries {
			if module.Path == name {
				versions[name] = module.Version
			}
		}
	}
	return versions
}
