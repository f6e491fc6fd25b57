package ledger

import (
	"bytes"
	"compress/gzip"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
	"github.com/halfstep-ml/halfstep/server/live"
)

var today = func() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

func FuzzReadCheckpoint(f *testing.F) {
	f.Add([]byte(`{"learnt":{"rules":{},"cursors":["",""],"known":{}},"counted":{"cursors":["",""],"cells":[{"day":3,"play":"p","issued":1}],"arms":[]}}`))
	f.Add([]byte(`{"learnt":{"cursors":["",""],"known":{"tallies":[{"choice":"action:coupon","arm":"warm","trials":1,"rewards":2}]}},"counted":{"cursors":["",""]}}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(plain)
		_ = z.Close()
		saved, err := readCheckpoint(b.Bytes(), 2)
		if err != nil {
			return
		}
		c := newCounts(2, today)
		c.restore(&saved.Counted)
		c.since(0)
		_ = newFold(saved.Learnt.Rules, c, func(*live.Outcome) {}).restore(&saved.Learnt)
	})
}

func FuzzTake(f *testing.F) {
	f.Add(byte(store.RecordDecision), []byte(`{"actions":[{"id":"d.1","action":"coupon","variant":null,"play":"p","issued_at":"2026-03-10T11:00:00Z"}],
		"draws":[{"action_id":"d.1","choice":"action:coupon","segment":"","arm":"warm","propensity":0.5}]}`))
	f.Add(byte(store.RecordOutcome), []byte(`{"action_id":"d.1","action":"coupon","variant":"warm","play":"p","outcome":"accepted","value":1,"issued_at":"2026-03-10T11:00:00Z"}`))
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		c := newCounts(1, today)
		l := newFold(rules{"action:coupon": {Reward: "accepted", Within: time.Hour, Actions: []string{"coupon"}}}, c, func(*live.Outcome) {})
		entry := store.Entry{Cursor: "1", Record: store.Record{Kind: store.RecordKind(kind), Data: data}}
		l.take(0, []store.Entry{entry})
		cells, _ := c.since(0)
		if again := l.take(0, []store.Entry{entry}); again != nil {
			t.Errorf("what was read is read again: %v", again)
		}
		if twice, _ := c.since(0); len(twice) != len(cells) {
			t.Errorf("read again, there are %d cells instead of %d", len(twice), len(cells))
		}
		l.learner.Publish()
	})
}
