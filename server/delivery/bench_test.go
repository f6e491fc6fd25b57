package delivery

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/memory"
)

// BenchmarkWebhook is from the journal to a receiver that answers at once, on the same machine.
func BenchmarkWebhook(b *testing.B) {
	for _, shards := range []int{1, 64} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			s := memory.New(shards)
			var taken atomic.Int64
			r := receive(b, "crm", nil)
			r.hook.Timeout = 5 * time.Second
			done := make(chan struct{})
			r.answer = func(string, *http.Request) int {
				if taken.Add(1) == int64(b.N) {
					close(done)
				}
				return http.StatusOK
			}
			d := run(b, s, with(r.hook), func(o *Options) { o.timing = usual })
			holds(b, d)
			i := newIssuer(b, s)
			i.notify = d.Notify
			b.ResetTimer()
			for n := range b.N {
				i.issue(fmt.Sprint("c", n%1000), "sms")
			}
			<-done
		})
	}
}

// BenchmarkSkip is the reading of a journal entry that is no proactive action.
func BenchmarkSkip(b *testing.B) {
	e := store.Entry{Record: store.Record{Kind: store.RecordDecision, Data: make([]byte, 2000)}}
	for b.Loop() {
		if got, err := issuedOf(&e); err != nil || got != nil {
			b.Fatal(got, err)
		}
	}
}
