package pebblestore_test

import (
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(b testing.TB) store.Driver { return open(b, b.TempDir()) })
}
