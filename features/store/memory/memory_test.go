package memory_test

import (
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

func TestConformance(t *testing.T) {
	for name, shards := range map[string]int{"one shard": 1, "many shards": 16} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(testing.TB) store.Driver { return memory.New(shards) })
		})
	}
}
