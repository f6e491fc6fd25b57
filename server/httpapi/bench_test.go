package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store/memory"
)

// nowhere is a ResponseWriter that costs as little as it can.
type nowhere struct {
	header http.Header
	status int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(status int)      { w.status = status }
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkScore is what a score costs beside network, database and models.
func BenchmarkScore(b *testing.B) {
	h := newHarnessOn(b, memory.New(4), nil)
	for i := range 50 {
		h.do("POST", "/events", `{"event":"Product Viewed","customer_id":"c","properties":{"product_id":"p`+string(rune('a'+i%26))+`"}}`)
	}
	body := []byte(`{"customer_id":"c","channel":"web","page":"/cart","context":{"page_kind":"cart"}}`)
	reader := bytes.NewReader(body)
	r, err := http.NewRequestWithContext(b.Context(), "POST", "/score", io.NopCloser(reader))
	if err != nil {
		b.Fatal(err)
	}
	r.ContentLength = int64(len(body))
	w := &nowhere{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		clear(w.header)
		h.api.ServeHTTP(w, r)
		if w.status != http.StatusOK {
			b.Fatal(w.status)
		}
	}
}
