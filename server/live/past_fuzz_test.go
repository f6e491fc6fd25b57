package live_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/live"
	"github.com/halfstep-ml/halfstep/server/playbook"
	"github.com/halfstep-ml/halfstep/server/why"
)

// FuzzRederive holds that a record, whatever is in it, is made again or refused.
func FuzzRederive(f *testing.F) {
	book, err := playbook.Parse([]byte(busy), playbook.Vocabulary{Features: features.Default(), Tasks: playbook.StandardTasks()})
	require.NoError(f, err)
	with := live.Past{Features: features.Default(), Playbook: book}
	f.Add([]byte(`{"decision_id":"0000-D","customer_id":"c","at":"2026-01-31T12:00:00Z","asked":true,"max":2,"kinds":["help"],"channel":"web","page":"/cart",
		"context":{"need":"help"},"events":[{"id":"1","type":"track","event":"Shipping Fee Viewed","customer_id":"c","at":"2026-01-31T11:59:00Z"}],
		"fired":[{"play":"hesitation"}],"rows":[{"choice":"experiment:help","segment":"","row":"ff","arms":[{"arm":"guide","propensity":0.5},{"arm":"chat","propensity":0.5}]}],
		"budgets":[{"budget":"coupons-a-day","answer":"taken"}],"vector":"00","predictions":{"churn":{"score":0.5,"model":"churn@1"}},"failed":["churn"]}`))
	f.Add([]byte(`{"vector":"00","context":{},"at":"2026-01-31T12:00:00Z","fired":[{"play":"cart","event":{"event":"Product Added","customer_id":"c"}}]}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		again, err := live.Rederive(t.Context(), record, with)
		if err != nil {
			return
		}
		_, err = why.Compare(record, again)
		require.NoError(t, err, "%s", again)
	})
}
