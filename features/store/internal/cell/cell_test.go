package cell_test

import (
	"bytes"
	"testing"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/features/store/internal/cell"
)

func TestDecodeReturnsWhatWasEncoded(t *testing.T) {
	got, err := cell.Decode(cell.Encode(&store.Change{Expect: 6, State: []byte("state")}))
	if err != nil || string(got.State) != "state" || got.Version != 7 || got.Tombstone != nil {
		t.Errorf("state decodes to %+v, %v", got, err)
	}
	got, err = cell.Decode(cell.Encode(&store.Change{Expect: 7, Erase: true, Tombstone: []byte("gone")}))
	if err != nil || string(got.Tombstone) != "gone" || got.Version != 8 || got.State != nil {
		t.Errorf("tombstone decodes to %+v, %v", got, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(cell.Encode(&store.Change{State: []byte("state")}))
	f.Add(cell.Encode(&store.Change{Erase: true}))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := cell.Decode(b)
		if err != nil {
			return
		}
		change := store.Change{Expect: got.Version - 1, State: got.State, Erase: got.State == nil, Tombstone: got.Tombstone}
		if again := cell.Encode(&change); !bytes.Equal(again, b) {
			t.Errorf("%x decodes and encodes to %x", b, again)
		}
	})
}
