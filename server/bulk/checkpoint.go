package bulk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Checkpoint is the file that remembers how many rows were stored.
type Checkpoint struct {
	Rows uint64 `json:"rows"`

	path string
	id   string
}

// OpenCheckpoint finds the checkpoint of sending files to a target: in folder, under a name made of the target, the mapping and the
// files' names and sizes. A changed file is another one, and begins anew.
func OpenCheckpoint(folder, target, mapping string, files []string) (*Checkpoint, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q", target, mapping)
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			return nil, fmt.Errorf("find the file: %w", err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("open the file: %w", err)
		}
		fmt.Fprintf(sum, " %q %d", path, info.Size())
	}
	id := hex.EncodeToString(sum.Sum(nil)[:8])
	c := &Checkpoint{path: filepath.Join(folder, "ingest-"+id+".json"), id: id}
	data, err := os.ReadFile(c.path)
	if errors.Is(err, os.ErrNotExist) {
		return c, os.MkdirAll(folder, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("read how far it was: %w", err)
	}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("read how far it was: %s: %w", c.path, err)
	}
	return c, nil
}

// save is whole or not at all: a torn file would count rows that were never sent.
func (c *Checkpoint) save(rows uint64) error {
	c.Rows = rows
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	partial := c.path + ".partial"
	if err := os.WriteFile(partial, data, 0o600); err != nil {
		return fmt.Errorf("remember how far it is: %w", err)
	}
	if err := os.Rename(partial, c.path); err != nil {
		return fmt.Errorf("remember how far it is: %w", err)
	}
	return nil
}

// remove forgets: everything was sent.
func (c *Checkpoint) remove() error {
	if err := os.Remove(c.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget how far it was: %w", err)
	}
	return nil
}
