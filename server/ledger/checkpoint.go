package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/halfstep-ml/halfstep/server/bandit"
)

const (
	// checkpointKey is where the store keeps what a server knew. Any of them may write it: each knows all up to its cursors, and what
	// came later is in the journal.
	checkpointKey = "ledger.checkpoint"
	saveEvery     = time.Minute
	// saveShare is how much longer than saving takes it rests in between.
	saveShare = 100
	// maxCheckpoint bounds what is saved, compressed.
	maxCheckpoint = 32 << 20
	saveTimeout   = 10 * time.Second
)

// checkpoint is what a ledger knows. With it, what is trimmed from the journal is not forgotten, and a server that starts need not read
// all of it.
type checkpoint struct {
	Learnt  learnt  `json:"learnt"`
	Counted counted `json:"counted"`
}

type learnt struct {
	Rules   rules           `json:"rules"`
	Cursors []string        `json:"cursors"`
	Known   bandit.Snapshot `json:"known"`
}

type counted struct {
	Cursors []string       `json:"cursors"`
	Cells   []countedCell  `json:"cells"`
	Arms    []countedDraws `json:"arms"`
}

type countedCell struct {
	cell
	tally
}

type countedDraws struct {
	armCell
	drawn
}

// resume looks for what was saved. What cannot be read is passed over.
func (l *Ledger) resume(ctx context.Context) error {
	raw, err := l.Store.Meta(ctx, checkpointKey)
	if err != nil {
		return fmt.Errorf("read what the ledger knew: %w", err)
	}
	l.started = true
	if raw == nil {
		return nil
	}
	c, err := readCheckpoint(raw, l.Store.Shards())
	if err != nil {
		l.Log.Warn("what the ledger knew cannot be read: it begins with the journal", "error", err)
		return nil
	}
	l.saved = c
	l.fold.counts.restore(&c.Counted)
	return nil
}

func readCheckpoint(raw []byte, shards int) (*checkpoint, error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	c := &checkpoint{}
	if err := json.Unmarshal(plain, c); err != nil {
		return nil, err
	}
	if len(c.Learnt.Cursors) != shards || len(c.Counted.Cursors) != shards {
		return nil, fmt.Errorf("cursors: %d are expected, one a shard, got %d and %d", shards, len(c.Learnt.Cursors), len(c.Counted.Cursors))
	}
	return c, nil
}

// keep saves what is known, if the journal was read to its end.
func (l *Ledger) keep(ctx context.Context) {
	if !l.caught || !l.fold.moved {
		return
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	if err := l.write(ctx); err != nil {
		l.Log.Warn("what the ledger knows cannot be saved", "error", err)
	} else {
		l.fold.moved = false
	}
	l.save = l.Now().Add(max(saveEvery, saveShare*time.Since(start)))
}

func (l *Ledger) write(ctx context.Context) error {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	c := checkpoint{Learnt: learnt{l.fold.rules, l.fold.cursors, l.fold.learner.Snapshot()}, Counted: l.fold.counts.saved()}
	if err := errors.Join(json.NewEncoder(z).Encode(&c), z.Close()); err != nil {
		return err
	}
	if b.Len() > maxCheckpoint {
		return fmt.Errorf("it has %d bytes, expected at most %d", b.Len(), maxCheckpoint)
	}
	old, err := l.Store.Meta(ctx, checkpointKey)
	if err != nil {
		return err
	}
	// When another server was faster, what it knows will do.
	_, err = l.Store.SetMeta(ctx, checkpointKey, old, b.Bytes())
	return err
}

func (f *fold) restore(l *learnt) error {
	learner, err := bandit.Restore(l.Known)
	if err != nil {
		return err
	}
	f.learner = learner
	copy(f.cursors, l.Cursors)
	return nil
}

func (c *counts) saved() counted {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := counted{Cursors: c.cursors}
	for at, t := range c.cells {
		s.Cells = append(s.Cells, countedCell{at, *t})
	}
	for at, d := range c.arms {
		s.Arms = append(s.Arms, countedDraws{at, *d})
	}
	return s
}

func (c *counts) restore(s *counted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	copy(c.cursors, s.Cursors)
	for _, one := range s.Cells {
		c.cells[one.cell] = &one.tally
	}
	for _, one := range s.Arms {
		c.arms[one.armCell] = &one.drawn
	}
}
