package report_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/benchmarks/report"
)

func TestMoreIsBetterWhereTheAimIsAboveTheMust(t *testing.T) {
	for _, tc := range []struct {
		measured, must, aim float64
		want                string
	}{
		{10, 30, 15, report.Aim}, {15, 30, 15, report.Aim}, {16, 30, 15, report.Must}, {31, 30, 15, report.Missed},
		{2e6, 5e5, 1.5e6, report.Aim}, {6e5, 5e5, 1.5e6, report.Must}, {4e5, 5e5, 1.5e6, report.Missed},
		{0, 2, 0, report.Aim}, {1, 2, 0, report.Must}, {7, 0, 0, ""},
	} {
		r := report.Row{Measured: tc.measured, Must: tc.must, Aim: tc.aim}
		r.Judge()
		assert.Equal(t, tc.want, r.Verdict, "%+v", tc)
	}
}

func TestTheTable(t *testing.T) {
	row := report.Row{
		What: "fold", Unit: "/s", Measured: 1829077.4, Must: 500_000, Aim: 1_500_000,
		More: []report.Row{{What: "of it", Unit: "us", Measured: 0.42509}},
	}
	row.Judge()
	var out strings.Builder
	require.NoError(t, report.Print(&out, []report.Row{row}))
	assert.Equal(t, strings.Join([]string{
		"what     measured      must        aim           verdict",
		"fold     1,829,077 /s  500,000 /s  1,500,000 /s  aim",
		"  of it  0.425 us                                ",
		"",
	}, "\n"), out.String())
}

func TestTheFileSaysWhereAndWithWhat(t *testing.T) {
	machine, err := report.ThisMachine()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "results", "spine.json")
	r := report.Report{Command: "go run", Machine: machine, Versions: report.BuiltFrom(), Rows: []report.Row{{Name: "fold", Measured: 1}}}
	require.NoError(t, r.Write(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var back report.Report
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, r, back)
	assert.Positive(t, back.Machine.Cores)
	assert.Positive(t, back.Machine.MemoryBytes)
	assert.NotEmpty(t, back.Machine.Processor)
	assert.NotEmpty(t, back.Versions["go"])
}
