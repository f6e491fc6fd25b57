package why

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirstDifferenceIsNamed(t *testing.T) {
	const then = `{"decision_id":"d","vector":"a","predictions":{"churn":{"score":0.25,"model":"churn@1"}},"actions":[{"id":"d.1","worth":4,"reasons":[{"text":"x","value":1}]}],"held":false}`
	for again, want := range map[string]string{
		then: "",
		`{"vector":"b","predictions":{},"actions":[]}`: `vector: recorded "a", again "b"`,
		`{"vector":"a","predictions":{"churn":{"score":0.26,"model":"churn@1"}},"actions":[{"id":"d.1","worth":4,"reasons":[{"text":"x","value":1}]}],"held":false}`:                               `predictions.churn.score: recorded 0.25, again 0.26`,
		`{"vector":"a","predictions":{"churn":{"score":0.25,"model":"churn@1"}},"actions":[{"id":"d.1","worth":4,"reasons":[{"text":"x","value":2}]}],"held":false}`:                               `actions[0].reasons[0].value: recorded 1, again 2`,
		`{"vector":"a","predictions":{"churn":{"score":0.25,"model":"churn@1"}},"actions":[],"held":false}`:                                                                                        `actions[0]: recorded {"id":"d.1","reasons":[{"text":"x","value":1}],"worth":4}, again null`,
		`{"vector":"a","predictions":{"churn":{"score":0.25,"model":"churn@1"},"other":1},"actions":[{"id":"d.1","worth":4,"reasons":[{"text":"another wording","effect":2,"value":1}]}]}`:         `predictions.other: recorded null, again 1`,
		`{"vector":"a","predictions":{"churn":{"score":0.25,"model":"churn@1"}},"actions":[{"id":"d.1","worth":4,"reasons":[{"text":"another wording","effect":2,"value":1}]}],"held":false}`:      "",
		`{"vector":"a","predictions":{"churn":{"score":0.25,"model":"churn@1"}},"actions":[{"id":"d.1","worth":4,"content":{"text":"t"},"reasons":[{"text":"x","value":1}]}],"held":false}`:        `actions[0].content: recorded null, again {"text":"t"}`,
		`{"vector":"a","predictions":{"churn":{"score":0.25,"model":"churn@1"}},"actions":[{"id":"d.1","worth":4,"reasons":[{"text":"x","value":1}]}],"held":true,"withheld":[{"why":"holdout"}]}`: `withheld: recorded null, again [{"why":"holdout"}]`,
	} {
		report, err := Compare([]byte(then), []byte(again))
		require.NoError(t, err)
		require.Equal(t, want, report.Difference)
		require.Equal(t, want == "", report.Identical)
		var out bytes.Buffer
		require.NoError(t, Print(&out, report))
		if want == "" {
			require.Contains(t, out.String(), "\nidentical\n")
		} else {
			require.Contains(t, out.String(), "\ndifferent: "+want+"\n")
		}
	}
	_, err := Compare([]byte(`{`), []byte(then))
	require.ErrorContains(t, err, "read the recorded decision")
}

func FuzzCompare(f *testing.F) {
	f.Add([]byte(`{"decision_id":"d","actions":[{"reasons":[{"text":"x"}]}],"held":false}`), []byte(`{"actions":{}}`))
	f.Fuzz(func(t *testing.T, one, other []byte) {
		report, err := Compare(one, other)
		if err != nil {
			return
		}
		same, err := Compare(one, one)
		require.NoError(t, err)
		require.True(t, same.Identical, same.Difference)
		_ = Print(&bytes.Buffer{}, report) // it must not panic
	})
}
