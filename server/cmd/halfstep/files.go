package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"github.com/halfstep-ml/halfstep/features/source"
)

// readMapping takes the name of a mapping that ships, or a file; empty is our own JSONL.
func readMapping(name string) (*source.Mapping, error) {
	if name == "" || slices.Contains(source.ShippedMappings(), name) {
		if name == "" {
			return nil, nil
		}
		return source.ShippedMapping(name)
	}
	data, err := os.ReadFile(name)
	if os.IsNotExist(err) && !strings.ContainsAny(name, "./") {
		return source.ShippedMapping(name) // its error says which there are
	}
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	return source.ParseMapping(filepath.Base(name), data)
}

// bar shows progress on a terminal, and nothing elsewhere.
func bar(w io.Writer, what string, bytes bool) *progressbar.ProgressBar {
	file, ok := w.(*os.File)
	return progressbar.NewOptions64(1,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what), progressbar.OptionShowBytes(bytes),
		progressbar.OptionSetVisibility(ok && isatty.IsTerminal(file.Fd())),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
	)
}
