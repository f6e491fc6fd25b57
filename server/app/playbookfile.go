package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/halfstep-ml/halfstep/server/httpapi"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// settled is how long after a file was touched it is read: an editor writes it in more than one step.
const settled = 100 * time.Millisecond

// pinned is a playbook in a file.
type pinned struct {
	path string
	log  *slog.Logger
}

// newer implements origin. The mark is a digest of the file.
func (f *pinned) newer(_ context.Context, seen []byte) (*httpapi.Playbook, []byte, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, nil, fmt.Errorf("read playbook: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, playbook.MaxBytes+1)) // what is longer is refused when it is compiled
	if err != nil {
		return nil, nil, fmt.Errorf("read playbook: %w", err)
	}
	mark := sha256.Sum256(text)
	if bytes.Equal(mark[:], seen) {
		return nil, nil, nil
	}
	p := &httpapi.Playbook{Text: text, Type: httpapi.YAML}
	if strings.EqualFold(filepath.Ext(f.path), ".json") {
		p.Type = httpapi.JSON
	}
	return p, mark[:], nil
}

// watch implements origin. It watches the folder: a file is mostly replaced, as editors and Kubernetes do, and then the watch of the file
// itself would be of the old one.
func (f *pinned) watch(ctx context.Context, look func()) {
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer watcher.Close()
		err = watcher.Add(filepath.Dir(f.path))
	}
	if err != nil {
		f.log.Warn("the playbook's file cannot be watched: it is read again at SIGHUP only", "error", err)
		<-ctx.Done()
		return
	}
	look() // it may have changed since it was read
	quiet := time.NewTimer(0)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-watcher.Events:
			quiet.Reset(settled)
		case err := <-watcher.Errors:
			f.log.Warn("changes of the playbook's file may have been missed", "error", err)
			quiet.Reset(settled)
		case <-quiet.C:
			look()
		}
	}
}
