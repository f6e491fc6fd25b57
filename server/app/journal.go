package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/archive"
)

// journalEvery is how often the journal is copied into the archive, where there is one, and cut to its bound.
const journalEvery = time.Minute

// openArchive opens the configured archive of the journal, if there is one.
func (a *App) openArchive() (err error) {
	if a.config.Archive == "" {
		return nil
	}
	if a.archive, err = archive.Open(a.config.Archive); err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	a.cleanup.push("archive", func(ctx context.Context) error {
		_, err := a.archive.Copy(ctx, a.store)
		return errors.Join(err, a.archive.Close())
	})
	return nil
}

// startJournalKeeping archives and trims until the App is closed.
func (a *App) startJournalKeeping(now func() time.Time) {
	a.background("journal keeping", func(ctx context.Context) {
		ticker := time.NewTicker(journalEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				a.keepJournal(ctx, now)
			}
		}
	})
}

// keepJournal archives and trims once. What fails is tried again the next time; trimming never passes what is archived.
func (a *App) keepJournal(ctx context.Context, now func() time.Time) {
	trim := store.Trim{Keep: a.config.JournalKeep}
	if a.archive != nil {
		trim.Archive = a.archive
		copied, err := a.archive.Copy(ctx, a.store)
		if ctx.Err() != nil {
			return
		}
		a.metrics.Archived(copied, err, now())
		if err != nil {
			a.log.Warn("the journal cannot be archived", "error", err, "again_in", journalEvery)
		}
	}
	removed, err := a.store.TrimAll(ctx, trim)
	if ctx.Err() != nil {
		return
	}
	a.metrics.Trimmed(removed, err, now())
	if err != nil {
		a.log.Warn("the journal cannot be trimmed", "error", err, "again_in", journalEvery)
	}
}
