package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/halfstep-ml/halfstep/server/httpapi"
	"github.com/halfstep-ml/halfstep/server/live"
)

// The keys in the store: which playbook serves, and behind a prefix the text of every revision that ever did.
const (
	playbookKey     = "playbook"
	playbookTextKey = "playbook."
)

// playbookEvery is how often the store is asked whether there is another playbook.
const playbookEvery = 500 * time.Millisecond

// attempts bounds how often something is written again because another server wrote it too.
const attempts = 16

// shelf is the part of the store that has the playbooks.
type shelf struct {
	meta meta
}

// meta is what belongs to the whole store.
type meta interface {
	Meta(ctx context.Context, key string) ([]byte, error)
	SetMeta(ctx context.Context, key string, old, value []byte) (bool, error)
}

// placed says which playbook serves.
type placed struct {
	Counter  uint64 `json:"counter"`
	Revision string `json:"revision"`
}

// tag is the ETag of the playbook that serves, "" when none does.
func (p *placed) tag() string {
	if p == nil {
		return ""
	}
	return (&httpapi.Playbook{Revision: p.Revision, Counter: p.Counter}).Tag()
}

// kept is the text of a revision.
type kept struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// newer implements origin. The mark is what the store says of which playbook serves.
func (s *shelf) newer(ctx context.Context, seen []byte) (*httpapi.Playbook, []byte, error) {
	now, mark, err := s.now(ctx)
	if err != nil || now == nil || bytes.Equal(mark, seen) {
		return nil, nil, err
	}
	k, err := s.text(ctx, now.Revision)
	if err != nil {
		return nil, nil, err
	}
	return &httpapi.Playbook{Text: []byte(k.Text), Type: k.Type, Revision: now.Revision, Counter: now.Counter}, mark, nil
}

// watch implements origin.
func (s *shelf) watch(ctx context.Context, look func()) {
	ticker := time.NewTicker(playbookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			look()
		}
	}
}

// now is which playbook serves, nil when none was ever put.
func (s *shelf) now(ctx context.Context) (*placed, []byte, error) {
	raw, err := s.meta.Meta(ctx, playbookKey)
	if err != nil {
		return nil, nil, fmt.Errorf("read which playbook serves: %w", err)
	}
	if raw == nil {
		return nil, nil, nil
	}
	p := &placed{}
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, nil, fmt.Errorf("read which playbook serves: %w", err)
	}
	return p, raw, nil
}

// text is what a revision says. The error wraps live.ErrNotKept when the store does not have it.
func (s *shelf) text(ctx context.Context, revision string) (k kept, err error) {
	raw, err := s.meta.Meta(ctx, playbookTextKey+revision)
	if err == nil && raw == nil {
		return kept{}, fmt.Errorf("the playbook %s %w", revision, live.ErrNotKept)
	}
	if err == nil {
		err = json.Unmarshal(raw, &k)
	}
	if err != nil {
		return kept{}, fmt.Errorf("read playbook %s: %w", revision, err)
	}
	return k, nil
}

// place has a playbook serve if what serves now may be replaced (nil: nothing), fills in its counter and returns its mark. Otherwise
// the error is httpapi.ErrChanged.
func (s *shelf) place(ctx context.Context, p *httpapi.Playbook, may func(now *placed) bool) (mark []byte, err error) {
	for range attempts {
		now, old, err := s.now(ctx)
		if err != nil {
			return nil, err
		}
		if !may(now) {
			return nil, httpapi.ErrChanged
		}
		next := placed{Counter: 1, Revision: p.Revision}
		if now != nil {
			next.Counter = now.Counter + 1
		}
		if err := s.keep(ctx, p); err != nil {
			return nil, err
		}
		mark, err := json.Marshal(next)
		if err != nil {
			return nil, err
		}
		done, err := s.meta.SetMeta(ctx, playbookKey, old, mark)
		if err != nil {
			return nil, fmt.Errorf("write which playbook serves: %w", err)
		}
		if done {
			p.Counter = next.Counter
			return mark, nil
		}
	}
	return nil, errors.New("write which playbook serves: other servers keep writing it too")
}

// keep stores the text of a revision. The same rules laid out another way take its place.
func (s *shelf) keep(ctx context.Context, p *httpapi.Playbook) error {
	value, err := json.Marshal(kept{Type: p.Type, Text: string(p.Text)})
	if err != nil {
		return err
	}
	for range attempts {
		old, err := s.meta.Meta(ctx, playbookTextKey+p.Revision)
		if err != nil {
			return fmt.Errorf("read playbook %s: %w", p.Revision, err)
		}
		if bytes.Equal(old, value) {
			return nil
		}
		done, err := s.meta.SetMeta(ctx, playbookTextKey+p.Revision, old, value)
		if err != nil {
			return fmt.Errorf("write playbook %s: %w", p.Revision, err)
		}
		if done {
			return nil
		}
	}
	return fmt.Errorf("write playbook %s: other servers keep writing it too", p.Revision)
}
