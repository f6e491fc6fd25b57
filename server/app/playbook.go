package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/halfstep-ml/halfstep/server/httpapi"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/metrics"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// playbooks has the right playbook serve: the one in the store, which all servers share, or the one in a file.
type playbooks struct {
	shelf   *shelf
	file    *pinned // serves instead of the store's; nil: none
	engine  *live.Engine
	metrics *metrics.Metrics
	log     *slog.Logger

	served atomic.Pointer[httpapi.Playbook] // nil: nothing serves
	mu     sync.Mutex                       // held while another comes to serve
	seen   []byte                           // the mark of what was last looked at; guarded by mu
	lost   bool                             // it could not be looked at; guarded by mu
}

// origin is where the playbook comes from.
type origin interface {
	// newer returns what ought to serve and its mark, or nil when that is the mark that was seen, or when there is none.
	newer(ctx context.Context, seen []byte) (p *httpapi.Playbook, mark []byte, err error)
	// watch calls look whenever there may be something newer, until ctx is done.
	watch(ctx context.Context, look func())
}

func (a *App) newPlaybooks() *playbooks {
	b := &playbooks{shelf: &shelf{meta: a.store}, engine: a.engine, metrics: a.metrics, log: a.log}
	if a.config.Playbook != "" {
		b.file = &pinned{path: a.config.Playbook, log: a.log}
	}
	return b
}

func (b *playbooks) origin() origin {
	if b.file != nil {
		return b.file
	}
	return b.shelf
}

// compile makes of a playbook what decides, and fills in its revision.
func compile(p *httpapi.Playbook, v playbook.Vocabulary) (*playbook.Playbook, error) {
	book, err := playbook.Parse(p.Text, v)
	if err != nil {
		return nil, fmt.Errorf("the playbook is not fit to serve:\n%w", err)
	}
	p.Revision = book.Revision
	return book, nil
}

// Served implements httpapi.Playbooks.
func (b *playbooks) Served() *httpapi.Playbook { return b.served.Load() }

// Check implements httpapi.Playbooks.
func (b *playbooks) Check(p *httpapi.Playbook) error {
	_, err := compile(p, b.engine.Vocabulary())
	return err
}

// Put implements httpapi.Playbooks.
func (b *playbooks) Put(ctx context.Context, p *httpapi.Playbook, match string) error {
	if b.file != nil {
		return httpapi.ErrPinned
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	book, err := compile(p, b.engine.Vocabulary())
	if err != nil {
		return err
	}
	mark, err := b.shelf.place(ctx, p, func(now *placed) bool { return match == "" || match == "*" && now != nil || match == now.tag() })
	if err != nil {
		return err
	}
	b.engine.Play(book)
	b.serves(ctx, p, mark)
	return nil
}

// use has a playbook play in what is about to serve, and then has it serve. Of what ought to serve and what serves, the first that
// fits does; when neither fits, or have fails, all stays as it was.
func (b *playbooks) use(ctx context.Context, serving *live.Serving, have func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	wanted, mark, err := b.origin().newer(ctx, nil)
	if err != nil && (b.file == nil || b.served.Load() == nil) {
		return err
	}
	if wanted == nil && err == nil {
		wanted, mark, err = b.preset(ctx, serving.Vocabulary())
	}
	fits, book := wanted, (*playbook.Playbook)(nil)
	if wanted != nil {
		book, err = compile(wanted, serving.Vocabulary())
	}
	if old := b.served.Load(); err != nil && old != nil {
		b.failed(err)
		again := *old
		fits = &again
		book, err = compile(fits, serving.Vocabulary())
	}
	if err != nil {
		return err
	}
	serving.Play(book)
	if err := have(); err != nil {
		return err
	}
	if fits != nil {
		b.serves(ctx, fits, mark)
	}
	return nil
}

// preset puts the playbook that a new store begins with; none when it does not fit the features, which are then nothing like those
// that ship.
func (b *playbooks) preset(ctx context.Context, v playbook.Vocabulary) (*httpapi.Playbook, []byte, error) {
	text, err := playbook.Preset(playbook.DefaultPreset, "zh")
	if err != nil {
		return nil, nil, err
	}
	p := &httpapi.Playbook{Text: text, Type: httpapi.YAML}
	if _, err := compile(p, v); err != nil {
		b.log.Warn("no playbook serves: put one; the one that ships does not fit the features", "error", err)
		return nil, nil, nil
	}
	mark, err := b.shelf.place(ctx, p, func(now *placed) bool { return now == nil })
	if errors.Is(err, httpapi.ErrChanged) { // another server was faster
		return b.shelf.newer(ctx, nil)
	}
	return p, mark, err
}

// look has a newer playbook serve when there is one. One that does not fit is complained of once.
func (b *playbooks) look(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, mark, err := b.origin().newer(ctx, b.seen)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		if !b.lost {
			b.failed(err)
		}
		b.lost = true
		return
	}
	b.lost = false
	if p == nil {
		return
	}
	b.seen = mark
	book, err := compile(p, b.engine.Vocabulary())
	if err != nil {
		b.failed(err)
		return
	}
	b.engine.Play(book)
	b.serves(ctx, p, mark)
}

// follow looks for newer playbooks until ctx is done.
func (b *playbooks) follow(ctx context.Context) {
	b.origin().watch(ctx, func() { b.look(ctx) })
}

// serves notes what has come to serve.
func (b *playbooks) serves(ctx context.Context, p *httpapi.Playbook, mark []byte) {
	b.seen = mark
	b.served.Store(p)
	b.metrics.PlaybookServes(p.Revision)
	b.log.Info("a playbook serves", "revision", p.Revision)
	if b.file != nil { // a past decision is looked into with the playbook that made it
		if err := b.shelf.keep(ctx, p); err != nil {
			b.log.Warn("the playbook cannot be kept in the store", "error", err)
		}
	}
}

func (b *playbooks) failed(err error) {
	b.metrics.PlaybookFailed(err)
	b.log.Error("another playbook cannot serve, the old one does", "error", err)
}
