package delivery

import (
	"fmt"
	"sync"
	"testing"
)

func letter(owner string, version uint64, id string) kept {
	return kept{Owner: owner, Version: version, DeadLetter: DeadLetter{Webhook: "w", Attempts: 1, Message: []byte(`{"id":"` + id + `"}`)}}
}

func TestDeadLettersAreBounded(t *testing.T) {
	d := deadLetters{meta: newStore(t, 1)}
	if letters, total, err := d.list(t.Context()); err != nil || len(letters) != 0 || total != 0 {
		t.Fatalf("got %v, %d, %v of none", letters, total, err)
	}
	var work sync.WaitGroup
	for worker := range 4 {
		work.Go(func() {
			for n := range 75 {
				if err := d.add(t.Context(), letter("c", 1, fmt.Sprint(worker, "-", n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	if err := d.add(t.Context(), letter("c", 1, "last")); err != nil {
		t.Fatal(err)
	}
	letters, total, err := d.list(t.Context())
	if err != nil || len(letters) != deadKept || total != 301 || string(letters[0].Message) != `{"id":"last"}` {
		t.Errorf("got %d letters of %d, the first %s, %v", len(letters), total, letters[0].Message, err)
	}
}

func TestErasureReachesDeadLetters(t *testing.T) {
	s := newStore(t, 4)
	r := receive(t, "w", nil)
	d := run(t, s, with(r.hook))
	for _, l := range []kept{letter("a", 1, "1"), letter("b", 1, "2"), letter("a", 2, "3"), letter("a", 7, "4")} {
		if err := d.dead.add(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.Scrub(t.Context(), "a", 2); err != nil || n != 2 {
		t.Errorf("removed %d, %v; expected the two of the life that ended", n, err)
	}
	letters, total, err := d.Dead(t.Context())
	if err != nil || len(letters) != 2 || total != 4 || string(letters[0].Message) != `{"id":"4"}` || string(letters[1].Message) != `{"id":"2"}` {
		t.Errorf("left are %+v of %d, %v", letters, total, err)
	}
}
