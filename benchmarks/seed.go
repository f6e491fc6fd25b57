package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/halfstep-ml/halfstep/benchmarks/ga4"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/pebblestore"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
)

const (
	everything  = math.MaxUint64 // a place in the order of arrival that nothing comes after
	seededChunk = 2_000
)

// profile is a customer as the store has them.
type profile struct {
	id    string
	state []byte
}

// foldBefore folds what customers did before a place in the order of arrival; who did nothing is left out.
func (b *bench) foldBefore(ctx context.Context, d *ga4.Decoder, customers []ga4.Customer, seq uint64) ([]profile, error) {
	s := b.set.NewState()
	var events []event.Event
	var err error
	profiles := make([]profile, 0, len(customers))
	for i := range customers {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if events, err = d.Before(&customers[i], seq, events[:0]); err != nil {
			return nil, err
		}
		if len(events) == 0 {
			continue
		}
		s.Reset()
		for k := range events {
			b.set.Fold(s, &events[k])
		}
		profiles = append(profiles, profile{id: customers[i].ID, state: s.Append(nil)})
		d.Reset()
	}
	return profiles, nil
}

// openStore opens the store that a halfstep with this URL uses.
func openStore(ctx context.Context, url string) (*store.Store, error) {
	if folder, embedded := strings.CutPrefix(url, "pebble:"); embedded {
		driver, err := pebblestore.Open(folder)
		if err != nil {
			return nil, err
		}
		return store.New(driver), nil
	}
	driver, err := redisstore.Open(ctx, redisstore.Options{URL: url})
	if err != nil {
		return nil, err
	}
	return store.New(driver), nil
}

// seed puts customers into the store of a Redis.
func seed(ctx context.Context, url string, profiles []profile) (err error) {
	s, err := openStore(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return fill(ctx, s, profiles)
}

// fill puts customers into a store that does not know them.
func fill(ctx context.Context, s *store.Store, profiles []profile) error {
	changes, outcomes := make([]store.Change, 0, seededChunk), make([]error, seededChunk)
	for chunk := range slices.Chunk(profiles, seededChunk) {
		changes = changes[:0]
		for i := range chunk {
			changes = append(changes, store.Change{ID: chunk[i].id, State: chunk[i].state})
		}
		err := s.Commit(ctx, changes, outcomes[:len(changes)])
		if err = errors.Join(append(outcomes[:len(changes):len(changes)], err)...); err != nil {
			return fmt.Errorf("seed the store: %w", err)
		}
	}
	return nil
}
