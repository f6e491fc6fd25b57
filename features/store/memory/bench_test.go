package memory_test

import (
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(testing.TB) store.Driver { return memory.New(1) })
}
