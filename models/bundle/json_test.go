package bundle

import (
	"math"
	"strings"
	"testing"
)

func twoInputs() *Manifest {
	return &Manifest{
		Golden: File{Name: "golden.json"}, Reference: File{Name: "reference.json"},
		Inputs: []Input{{Name: "a"}, {Name: "b"}}, Outputs: []Output{{Name: "score"}},
	}
}

func TestParseGolden(t *testing.T) {
	g, err := parseGolden([]byte(`{"rows": [[1, null], [2.5, -3]], "scores": [0.25, [0.5]], "tolerance": 1e-5}`), twoInputs())
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(float64(g.Rows[0][1])) || g.Rows[1][0] != 2.5 || g.Scores[0][0] != 0.25 || g.Scores[1][0] != 0.5 {
		t.Fatalf("got %+v", g)
	}
}

func TestParseGoldenRefuses(t *testing.T) {
	for text, says := range map[string]string{
		`{"rows": [[1]], "scores": [0.5], "tolerance": 1e-5}`:             "rows[0]: has 1 numbers",
		`{"rows": [[1, 2]], "scores": [[1, 2]], "tolerance": 1e-5}`:       "scores[0]: has 2 numbers",
		`{"rows": [[1, 2]], "scores": [null], "tolerance": 1e-5}`:         "null",
		`{"rows": [[1, "2"]], "scores": [1], "tolerance": 1e-5}`:          "golden.json",
		`{"rows": [[1, 1e99]], "scores": [1], "tolerance": 1e-5}`:         "1e99",
		`{"rows": [], "scores": [], "tolerance": 1e-5}`:                   "at least one row",
		`{"rows": [[1, 2]], "scores": [1]}`:                               "tolerance",
		`{"rows": [[1, 2]], "scores": [1], "tolerance": 1e-5, "more": 1}`: "more",
		`{"rows": [[1, 2]], "scores": [1], "tolerance": 1e-5} {}`:         "follows",
		``: "golden.json",
	} {
		if _, err := parseGolden([]byte(text), twoInputs()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, expected it to say %q", text, err, says)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	const good = `{"rows": 9, "features": [{"name": "a", "missing": 0, "quantiles": [1, 2]}, {"name": "b", "missing": 1, "quantiles": []}],
		"scores": {"edges": [0, 0.5, 1], "counts": [4, 5]}}`
	if _, err := parseReference([]byte(good), twoInputs()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ old, new, says string }{
		{`"name": "b"`, `"name": "c"`, "features[1].name"},
		{`"missing": 1`, `"missing": 1.5`, "features[1].missing"},
		{`[1, 2]`, `[2, 1]`, "features[0].quantiles"},
		{`[4, 5]`, `[4]`, "scores"},
		{`[4, 5]`, `[4, -5]`, "scores.counts"},
		{`[0, 0.5, 1]`, `[0, 1, 0.5]`, "scores.edges"},
		{`"rows": 9`, `"rows": 0`, "rows"},
	} {
		text := strings.Replace(good, test.old, test.new, 1)
		if _, err := parseReference([]byte(text), twoInputs()); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, expected it to say %q", test.new, err, test.says)
		}
	}
}

func FuzzParseGolden(f *testing.F) {
	f.Add([]byte(`{"rows": [[1, null]], "scores": [0.5], "tolerance": 1e-5}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := parseGolden(text, twoInputs())
		if err == nil && (len(g.Rows) == 0 || len(g.Rows) != len(g.Scores) || len(g.Rows[0]) != 2) {
			t.Fatalf("accepted %+v", g)
		}
	})
}
