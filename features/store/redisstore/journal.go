package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/halfstep-ml/halfstep/features/store"
)

// scrubPage is how many entries one scrub script looks at: while it does, the node does nothing else.
const scrubPage = 500

// ReadJournal implements store.Driver.
func (d *Driver) ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	from := "-"
	if after != "" {
		id, err := streamID(after)
		if err != nil {
			return nil, err
		}
		from = "(" + id
	}
	messages, err := d.client.XRangeN(ctx, d.bases[shard]+"j", from, "+", int64(limit)).Result()
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return entries(messages)
}

// ReadJournalBack implements store.Driver.
func (d *Driver) ReadJournalBack(ctx context.Context, shard int, before string, limit int) ([]store.Entry, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	from := "+"
	if before != "" {
		id, err := streamID(before)
		if err != nil {
			return nil, err
		}
		from = "(" + id
	}
	messages, err := d.client.XRevRangeN(ctx, d.bases[shard]+"j", from, "-", int64(limit)).Result()
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return entries(messages)
}

func entries(messages []redis.XMessage) (out []store.Entry, err error) {
	out = make([]store.Entry, len(messages))
	for i, m := range messages {
		if out[i], err = entry(m); err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
	}
	return out, nil
}

func entry(m redis.XMessage) (store.Entry, error) {
	at, err := cursor(m.ID)
	if err != nil {
		return store.Entry{}, err
	}
	customer, ok := m.Values["c"].(string)
	data, hasData := m.Values["d"].(string)
	version, versionErr := strconv.ParseUint(fmt.Sprint(m.Values["v"]), 10, 64)
	kind, kindErr := strconv.ParseUint(fmt.Sprint(m.Values["k"]), 10, 8)
	if !ok || !hasData || versionErr != nil || kindErr != nil {
		return store.Entry{}, fmt.Errorf("entry %s lacks a customer, version, kind or data", m.ID)
	}
	record := store.Record{Kind: store.RecordKind(kind), Data: []byte(data)}
	return store.Entry{Cursor: at, Customer: customer, Version: version, Record: record}, nil
}

// TrimJournal implements store.Driver.
func (d *Driver) TrimJournal(ctx context.Context, shard, keep int, upTo string) (int, error) {
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.open.RUnlock()
	last := ""
	if upTo != "" {
		var err error
		if last, err = streamID(upTo); err != nil {
			return 0, err
		}
	}
	removed, err := trimScript.run(ctx, d.client, d.bases[shard]+"j", keep, last).Int()
	if err != nil {
		return 0, fmt.Errorf("trim the journal: %w", err)
	}
	return removed, nil
}

// Scrub implements store.Driver.
func (d *Driver) Scrub(ctx context.Context, id string, upTo uint64) (int, error) {
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.open.RUnlock()
	key := d.bases[store.ShardOf(id, len(d.bases))] + "j"
	removed, from := 0, "-"
	for {
		page, err := scrubScript.run(ctx, d.client, key, from, scrubPage, id, upTo).Slice()
		if err != nil {
			return removed, fmt.Errorf("scrub the journal: %w", err)
		}
		last, okLast := page[0].(string)
		n, okCount := page[1].(int64)
		if !okLast || !okCount {
			return removed, fmt.Errorf("scrub the journal: answer is %v, expected an id and a number", page)
		}
		removed += int(n)
		if last == "" {
			return removed, nil
		}
		from = "(" + last
		if err := ctx.Err(); err != nil {
			return removed, err
		}
	}
}

// Link implements store.Driver.
func (d *Driver) Link(ctx context.Context, shard int, link string) (id, after string, ok bool, err error) {
	if err := d.enter(ctx); err != nil {
		return "", "", false, err
	}
	defer d.open.RUnlock()
	value, err := d.client.Get(ctx, d.bases[shard]+"l:"+link).Result()
	if errors.Is(err, redis.Nil) {
		return "", "", false, nil
	}
	if err != nil {
		return "", "", false, fmt.Errorf("look up a link: %w", err)
	}
	id, after = linked(value)
	return id, after, true, nil
}

// Meta implements store.Driver.
func (d *Driver) Meta(ctx context.Context, key string) ([]byte, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.open.RUnlock()
	value, err := d.client.Get(ctx, d.metaKey(key)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read meta %s: %w", key, err)
	}
	return value, nil
}

// SetMeta implements store.Driver.
func (d *Driver) SetMeta(ctx context.Context, key string, old, value []byte) (bool, error) {
	if err := d.enter(ctx); err != nil {
		return false, err
	}
	defer d.open.RUnlock()
	hasOld := 0
	if old != nil {
		hasOld = 1
	}
	done, err := setMetaScript.run(ctx, d.client, d.metaKey(key), hasOld, old, value).Int()
	if err != nil {
		return false, fmt.Errorf("write meta %s: %w", key, err)
	}
	return done == 1, nil
}
