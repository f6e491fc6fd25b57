package memory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/halfstep-ml/halfstep/features/store/memory"
)

func TestCountersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := memory.New(1)
		for key, want := range map[string]int64{"today": 0, "this month": 1} {
			expires := time.Now().Add(24 * time.Hour)
			if want == 1 {
				expires = expires.Add(29 * 24 * time.Hour)
			}
			if ok, err := d.Spend(t.Context(), key, "token", 1, expires); !ok || err != nil {
				t.Fatal(ok, err)
			}
			time.Sleep(25 * time.Hour)
			if _, err := d.Spend(t.Context(), "another "+key, "token", 1, time.Now()); err != nil {
				t.Fatal(err)
			}
			if got, err := d.Spent(t.Context(), key); got != want || err != nil {
				t.Errorf("a day later %d are spent %s, %v; expected %d", got, key, err, want)
			}
		}
	})
}
