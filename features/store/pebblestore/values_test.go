package pebblestore

import (
	"bytes"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
)

func FuzzDecodeEntry(f *testing.F) {
	f.Add(encodeEntry("customer", 7, store.Record{Kind: store.RecordEvent, Data: []byte("{}")}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEntry(1, b)
		if err != nil {
			return
		}
		again, err := decodeEntry(1, encodeEntry(e.Customer, e.Version, e.Record))
		if err != nil || again.Customer != e.Customer || again.Version != e.Version || again.Kind != e.Kind || !bytes.Equal(again.Data, e.Data) {
			t.Errorf("%+v comes back as %+v, %v", e, again, err)
		}
	})
}

func FuzzDecodeTimer(f *testing.F) {
	f.Add(encodeTimer(storedTimer{next: 5, Timer: store.Timer{Customer: "customer", Payload: []byte("p")}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		timer, err := decodeTimer("name", b)
		if err != nil {
			return
		}
		again, err := decodeTimer("name", encodeTimer(timer))
		if err != nil || again.next != timer.next || !again.Due.Equal(timer.Due) || again.Customer != timer.Customer ||
			!bytes.Equal(again.Payload, timer.Payload) {
			t.Errorf("%+v comes back as %+v, %v", timer, again, err)
		}
	})
}
