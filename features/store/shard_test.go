package store_test

import (
	"fmt"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
)

// TestStoredPlacesStay holds what existing stores depend on.
func TestStoredPlacesStay(t *testing.T) {
	for id, want := range map[string]int{"": 153, "c-42": 56, "顾客": 239} {
		if got := store.ShardOf(id, 256); got != want {
			t.Errorf("%q is in shard %d of 256, stores have it in %d", id, got, want)
		}
	}
	if got := fmt.Sprintf("%x", store.HashID("c-42")); got != "8fb7893be928286e8d0617fa09ec5124" {
		t.Errorf("c-42 is filed under %s", got)
	}
}

func TestShardsAreEven(t *testing.T) {
	const shards, customers = 64, 64 * 400
	var count [shards]int
	for i := range customers {
		count[store.ShardOf(fmt.Sprintf("customer-%d", i), shards)]++
	}
	for shard, n := range count {
		if n < 300 || n > 500 {
			t.Errorf("shard %d has %d customers of 400 expected", shard, n)
		}
	}
}
