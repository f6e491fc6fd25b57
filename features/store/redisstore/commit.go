package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/internal/cell"
)

// Commit implements store.Driver.
func (d *Driver) Commit(ctx context.Context, shard int, changes []store.Change, outcomes []error) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.open.RUnlock()
	base := d.bases[shard]
	args := make([]any, 0, 3+12*len(changes))
	args = append(args, base, time.Now().UnixMilli(), d.linkTTL.Milliseconds())
	for i := range changes {
		args = d.appendSteps(args, &changes[i])
	}
	answer, err := d.pipes.commit(ctx, base+"j", args)
	if err != nil {
		return fmt.Errorf("commit to redis: %w", err)
	}
	if len(answer) != len(changes) {
		return fmt.Errorf("commit to redis: %d outcomes for %d changes", len(answer), len(changes))
	}
	for i := range changes {
		if outcomes[i] = nil; answer[i] != '1' {
			outcomes[i] = store.ErrConflict
		}
	}
	return nil
}

// appendSteps appends what commit.lua is to do for one change.
func (d *Driver) appendSteps(args []any, c *store.Change) []any {
	var expected []byte // an absent cell has no head
	if c.Expect > 0 {
		expected = cell.Version(c.Expect)
	}
	ttl := d.customerTTL.Milliseconds()
	if c.Keep || c.Erase {
		ttl = 0
	}
	args = append(args, "c", hexHash(c.ID), c.ID, expected, cell.Encode(c), c.Expect+1, ttl)
	if c.Erase {
		return append(args, "e")
	}
	for _, r := range c.Records {
		args = append(args, "j", int(r.Kind), r.Data)
	}
	for _, t := range c.Timers {
		if t.Due.IsZero() {
			args = append(args, "x", t.Name)
			continue
		}
		due := t.Due.UnixMilli()
		args = append(args, "t", t.Name, due, append(strconv.AppendInt(nil, due, 10), ":"+string(t.Payload)...))
	}
	for _, link := range c.Links {
		args = append(args, "l", link)
	}
	return args
}
