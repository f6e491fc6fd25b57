package features_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features"
)

func TestEveryErrorOfAFileAtItsPlace(t *testing.T) {
	_, err := features.Load([]byte(`version: 1
timezone: Mars/Olympus
features:
  - {name: Views, on: Product Viewed, aggregate: count}
  - {name: a, on: Product Viewed, aggregate: median}
  - {name: b, on: Product Viewed, aggregate: count, windows: [1h, 10m]}
  - {name: c, on: Product Viewed, aggregate: sum}
  - {name: d, on: {event: Page Viewed, where: 'properties.path >'}, aggregate: count}
  - {name: e, aggregate: count}
  - {name: f, derive: 'g + 1'}
  - {name: h, on: X, aggregate: count, colour: red}
  - {name: i, on: X, aggregate: last_k, k: 99, value: properties.x}
  - {name: j, on: X, aggregate: count, windows: [fortnight]}
  - {name: k, on: X, aggregate: count, derive: '1'}
  - {name: l, aggregate: cart, value: colour}
  - {name: m, on: X, aggregate: time_since_last, unit: years}
`))
	var problems features.Errors
	require.ErrorAs(t, err, &problems)
	for _, want := range []string{
		`2:11: timezone: expected a zone such as Asia/Shanghai, got "Mars/Olympus"`,
		`4:12: name: expected lower-case`,
		`5:46: aggregate: expected one of cart, count`,
		`6:62: windows: expected windows from short to long`,
		`7:5: value: aggregate sum needs a value`,
		`8:65: on: the expression ends too early`,
		`9:5: on: feature e: expected the events that it counts`,
		`11:40: unknown field "colour"`,
		`12:44: k: expected 1 to 32, got 99`,
		`13:49: windows: expected a duration such as 30m, 1h or 7d, got "fortnight"`,
		`14:5: feature k: expected exactly one of aggregate, request and derive`,
		`15:39: value: expected items, lines, total or age, got "colour"`,
		`16:56: unit: expected seconds, minutes, hours or days, got "years"`,
	} {
		assert.Contains(t, err.Error(), want)
	}
}

func TestDerivedFeaturesMustNotGoInCircles(t *testing.T) {
	_, err := features.Load([]byte(`version: 1
features:
  - {name: a, derive: 'b + 1'}
  - {name: b, derive: 'c * 2'}
  - {name: c, derive: 'max(a, 0)'}
`))
	assert.ErrorContains(t, err, "3:23: derive: reads itself: a -> b -> c -> a")
}

func TestBadFilesSaySo(t *testing.T) {
	for name, tc := range map[string]struct{ file, want string }{
		"no YAML":           {"version: [", ""},
		"empty":             {"", "the file is empty; expected version and features"},
		"another version":   {"version: 2\nfeatures: []", "version: expected 1, got 2"},
		"unknown key":       {"version: 1\nfeature: []", `2:1: unknown field "feature"`},
		"unknown name":      {"version: 1\nfeatures:\n  - {name: a, derive: 'order_30d'}\n  - {name: orders, on: X, aggregate: count, windows: [30d]}", "orders_30d"},
		"name taken":        {"version: 1\nfeatures:\n  - {name: a, on: X, aggregate: count}\n  - {name: a, on: Y, aggregate: count}", "4:12: name: the name a is taken"},
		"mixed types":       {"version: 1\nfeatures:\n  - {name: a, on: {event: X, where: 'name > 3'}, aggregate: count}", "3:"},
		"too large":         {strings.Repeat("#", 2<<20), "at most 1048576"},
		"a broken tag":      {"version: 1\nfeatures:\n  - {name: a, on: X, aggregate: count}\ntags: [{name: t, when: 'b > 1'}]", "4:25: when: unknown name b"},
		"fractional window": {"version: 1\nfeatures:\n  - {name: a, on: X, aggregate: count, windows: [1500ms]}", "windows must be whole seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := features.Load([]byte(tc.file))
			require.Error(t, err)
			assert.Contains(t, err.Error(), tc.want)
		})
	}
}

func TestWholeNumbersAreDoubles(t *testing.T) {
	fs := set(t, defineViews, "  - {name: half, derive: 'views_1h / max(views_30d, 1) * 1'}")
	s := foldAll(fs, happened("Product Viewed", start), happened("Product Viewed", start+day))
	assert.EqualValues(t, 0.5, read(t, fs, s, start+day)("half"))
}

func TestSharedAggregatesAreKeptOnce(t *testing.T) {
	one := set(t, "  - {name: cart_items, aggregate: cart, value: items}")
	two := set(t, "  - {name: cart_items, aggregate: cart, value: items}", "  - {name: cart_value, aggregate: cart, value: total}")
	e := happened("Product Added", start, "product_id", "p", "price", 3)
	assert.Len(t, foldAll(two, e).Append(nil), len(foldAll(one, e).Append(nil)))
}

func TestHashesFollowMeaningNotName(t *testing.T) {
	hash := func(line, name string) string {
		h, ok := set(t, line).Lookup(name)
		require.True(t, ok)
		return h
	}
	base := hash("  - {name: a, on: X, aggregate: count, windows: [1h]}", "a_1h")
	assert.Equal(t, base, hash("  - {name: b, on: X, meaning: other words, aggregate: count, windows: [1h]}", "b_1h"))
	assert.NotEqual(t, base, hash("  - {name: a, on: Y, aggregate: count, windows: [1h]}", "a_1h"))
	assert.NotEqual(t, base, hash("  - {name: a, on: X, aggregate: count, windows: [1h], default: 7}", "a_1h"))
	assert.NotEqual(t, hash("  - {name: a, on: {event: X, where: 'hour > 3'}, aggregate: count}", "a"),
		hash("  - {name: a, on: {event: X, where: 'hour > 3'}, aggregate: count}\ntimezone: Asia/Shanghai", "a"))
}

func FuzzLoad(f *testing.F) {
	f.Add(string(features.DefaultFile()))
	f.Add("version: 1\nfeatures:\n  - {name: a, on: [X, {event: Y, where: 'properties.z > 1', value: 2}], aggregate: sum, windows: [1h]}\ntags: [{name: t, when: a_1h > 1}]")
	f.Fuzz(func(t *testing.T, file string) {
		fs, err := features.Load([]byte(file))
		var problems features.Errors
		if err != nil && (!errors.As(err, &problems) || len(problems) == 0) {
			t.Fatalf("an error without problems: %v", err)
		}
		if err == nil {
			s := foldAll(fs, happened("X", start), happened("Y", start+1, "z", 2))
			if err := fs.Decode(s.Append(nil), fs.NewState()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
