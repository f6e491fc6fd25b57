package pebblestore

import (
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

func spend(t *testing.T, d *Driver, key string, expires time.Time) {
	t.Helper()
	if ok, err := d.Spend(t.Context(), key, "token", 1, expires); !ok || err != nil {
		t.Fatalf("spend from %q: %v, %v", key, ok, err)
	}
}

// TestCountersAreForgotten lets time pass, and looks at what is left in the database.
func TestCountersAreForgotten(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	spend(t, d, "day", now)
	spend(t, d, "day2", now.Add(30*24*time.Hour))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	for _, step := range []struct {
		passed time.Duration
		left   int64
	}{{store.CounterGrace - time.Minute, 1}, {store.CounterGrace + time.Minute, 0}} {
		batch := d.db.NewBatch()
		if err := d.forget(t.Context(), batch, now.Add(step.passed).UnixMilli()); err != nil {
			t.Fatal(err)
		}
		if err := batch.Commit(nil); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]int64{"day": step.left, "day2": 1} {
			if got, err := d.Spent(t.Context(), key); got != want || err != nil {
				t.Errorf("after %v %d are spent from %q, %v; expected %d", step.passed, got, key, err, want)
			}
			held, err := d.get(tokenKey(key, "token"))
			if (held != nil) != (want == 1) || err != nil {
				t.Errorf("after %v the token of %q is held: %v, %v", step.passed, key, held != nil, err)
			}
		}
	}
}
