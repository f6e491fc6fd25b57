package pebblestore_test

import (
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/pebblestore"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

func open(t testing.TB, dir string) *pebblestore.Driver {
	t.Helper()
	d, err := pebblestore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Driver { return open(t, t.TempDir()) })
}
