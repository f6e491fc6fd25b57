package redisstore_test

import (
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/redisstore"
	"github.com/halfstep-ml/halfstep/features/store/redistest"
	"github.com/halfstep-ml/halfstep/features/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	server := redistest.Start(b)
	storetest.Bench(b, func(b testing.TB) store.Driver { return open(b, redisstore.Options{URL: server.URL()}) })
}
