package source_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
)

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func parse(t testing.TB, mapping string) *source.Mapping {
	t.Helper()
	m, err := source.ParseMapping("test.yaml", []byte(mapping))
	require.NoError(t, err)
	return m
}

// events runs both stages over files; every event as JSON.
func events(t testing.TB, o source.Options, paths ...string) (lines []string, stats source.Stats, err error) {
	t.Helper()
	s, err := source.Open(paths, o)
	if err != nil {
		return nil, source.Stats{}, err
	}
	d := s.NewDecoder()
	seq := uint64(0)
	err = s.Scan(context.Background(), func(r source.Row) error {
		assert.Equal(t, seq, r.Seq)
		seq++
		made, err := d.Decode(r.Raw, nil)
		for i := range made {
			assert.Equal(t, string(r.Customer), made[i].Key())
			lines = append(lines, string(made[i].AppendJSON(nil)))
		}
		return err
	})
	return lines, s.Stats(), err
}

const shop = `
version: 1
format: csv
columns: [time, user, what, note]
customer: user
id: time
at: {column: time, unit: ms}
events:
  - {event_expr: what, properties: {note: note}}
`

func TestCSVFields(t *testing.T) {
	content := "\xef\xbb\xbfuser,extra,time,what,note\r\n" +
		"a,,1000,View,plain\r\n" +
		"\r\n" +
		"b,x,2000,View,\"a \"\"quoted\"\" one, over\r\ntwo lines\"\r\n" +
		"c,x,3000,View,5\" wide\n" +
		",x,3500,View,nobody\n" +
		"\"d\",x,4000,View,"
	got, stats, err := events(t, source.Options{Mapping: parse(t, shop)}, write(t, "shop.csv", content))
	require.NoError(t, err)
	require.Len(t, got, 4)
	assert.Contains(t, got[0], `"customer_id":"a"`)
	assert.Contains(t, got[0], `"at":"1970-01-01T00:00:01.000Z"`)
	assert.Contains(t, got[1], `"note":"a \"quoted\" one, over\ntwo lines"`)
	assert.Contains(t, got[2], `"note":"5\" wide"`)
	assert.NotContains(t, got[3], "note", "empty text is left out")
	assert.Equal(t, source.Stats{Rows: 5, NoCustomer: 1, Events: 4}, stats)
}

func TestUnpacking(t *testing.T) {
	content := "time,user,what,note\n1000,a,View,x\n"
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, err := g.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	z, err := zstd.NewWriter(&zst)
	require.NoError(t, err)
	_, err = z.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, z.Close())

	plain := write(t, "a.csv", content)
	want, _, err := events(t, source.Options{Mapping: parse(t, shop)}, plain)
	require.NoError(t, err)
	for name, packed := range map[string]string{"a.csv.gz": gz.String(), "a.csv.zst": zst.String(), "misnamed.csv": zst.String()} {
		got, _, err := events(t, source.Options{Mapping: parse(t, shop)}, write(t, name, packed))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}

	torn := write(t, "torn.csv.zst", zst.String()[:zst.Len()-6])
	_, _, err = events(t, source.Options{Mapping: parse(t, shop)}, torn)
	require.ErrorContains(t, err, torn)
}

func TestBadRowsAreNamed(t *testing.T) {
	header := "time,user,what,note\n"
	for name, tc := range map[string]struct{ rows, want string }{
		"short":         {"1000,a,View,x\n2000,a,View\n", "shop.csv:3: expected 4 fields, found 3"},
		"long":          {"1000,a,View,x,y\n", "shop.csv:2: expected 4 fields, found 5"},
		"time":          {"noon,a,View,x\n", `shop.csv:2: time: expected a number of ms since 1970, got "noon"`},
		"year":          {"99999999999999,a,View,x\n", "shop.csv:2: time: year 5138 is outside 1970 to 2200"},
		"no name":       {"1000,a,,x\n", "shop.csv:2: event: what gives no name"},
		"open quote":    {"1000,a,View,\"x\n\n", "shop.csv:2: a quoted field has no end"},
		"closed early":  {"1000,a,View,\"x\"y\n", "shop.csv:2: field 4: expected a separator after the closing quote"},
		"reserved id":   {"1000,anon:a,View,x\n", `shop.csv:2: customer_id: must not begin with "anon:"`},
		"invalid UTF-8": {"1000,a,View,\xff\n", "shop.csv:2: properties: text must be UTF-8"},
		"long id":       {"1000," + strings.Repeat("a", 300) + ",View,x\n", "shop.csv:2: customer_id: has 300 bytes, at most 256 are accepted"},
		"large event":   {"1000,a,View," + strings.Repeat("x", 40_000) + "\n", "at most 32768 are accepted"},
		"huge row":      {"1000,a,View," + strings.Repeat("x", 2<<20) + "\n2000,a,View,x\n", "shop.csv:2: the row has more than 1048576 bytes"},
		"after quotes":  {"1000,a,View,\"x\ny\"\n2000,a,View\n", "shop.csv:4: expected 4 fields, found 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := events(t, source.Options{Mapping: parse(t, shop)}, write(t, "shop.csv", header+tc.rows))
			require.ErrorContains(t, err, tc.want)
			var re *source.RowError
			require.ErrorAs(t, err, &re)
			assert.Equal(t, "shop.csv", re.File)
		})
	}
}

func TestBadRowsAreTolerated(t *testing.T) {
	path := write(t, "shop.csv", "time,user,what,note\n1000,a,View,x\nnoon,a,View,x\n2000,a\n3000,a,View,x\n")
	var bad []string
	o := source.Options{Mapping: parse(t, shop), Tolerate: 2, OnBad: func(e *source.RowError) { bad = append(bad, e.Error()) }}
	got, stats, err := events(t, o, path)
	require.NoError(t, err)
	assert.Len(t, got, 2)
	assert.EqualValues(t, 2, stats.Bad)
	require.Len(t, bad, 2)
	assert.Contains(t, bad[0], "shop.csv:3: time:")
	assert.Contains(t, bad[1], "shop.csv:4: expected 4 fields, found 2")

	o.Tolerate = 1
	_, _, err = events(t, o, path)
	require.ErrorContains(t, err, "more than 1 bad rows; the last: shop.csv:4")
}

func TestHeadersAreChecked(t *testing.T) {
	for content, want := range map[string]string{
		"":                              "the file is empty; expected a header",
		"time,userr,what,note\n":        `the header has no column "user"; did you mean userr?`,
		"time,user,what,note,user\n":    `the header has the column "user" twice`,
		"time;user;what;note\n1;a;b;c;": `the header has no column "time"`,
	} {
		_, err := source.Open([]string{write(t, "shop.csv", content)}, source.Options{Mapping: parse(t, shop)})
		require.ErrorContains(t, err, want)
	}
	_, err := source.Open([]string{filepath.Join(t.TempDir(), "none.csv")}, source.Options{Mapping: parse(t, shop)})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = source.Open([]string{t.TempDir()}, source.Options{})
	require.ErrorContains(t, err, "is a folder")
}

func TestJSONL(t *testing.T) {
	path := write(t, "events.jsonl", `{"event":"A","customer_id":"c","at":"2026-01-01T00:00:00Z","received_at":"2026-01-01T00:00:05Z"}

{"properties":{"customer_id":"not this one"},"anonymousId":"v","event":"B","at":"2026-01-01T00:00:00Z"}
{"anonymous_id":"v","userId":"c\u0064","event":"A","id":"own","at":"2026-01-01T00:00:00Z"}
{"event":"A","at":"2026-01-01T00:00:00Z"}
`)
	got, stats, err := events(t, source.Options{}, path)
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.Contains(t, got[0], `"received_at":"2026-01-01T00:00:05.000Z"`)
	assert.Contains(t, got[2], `"id":"own"`)
	assert.Equal(t, source.Stats{Rows: 4, NoCustomer: 1, Events: 3}, stats)
	again, _, err := events(t, source.Options{}, path)
	require.NoError(t, err)
	assert.Equal(t, got, again, "events without an id get the same one every time")

	for line, want := range map[string]string{
		`{"event":"A","customer_id":"c"}`:         "events.jsonl:3: at: is required",
		`{"event":"A","customer_id":"c","att":1}`: "events.jsonl:3: att: unknown field",
		`{"event":"A","customer_id":`:             "events.jsonl:3: malformed JSON at byte",
		`[1]`:                                     "events.jsonl:3: expected a JSON object",
		`{"event":"A","customer_id":"c","at":"2026-01-01"}` + " ": "events.jsonl:3: at: expected an RFC 3339 time",
	} {
		_, _, err := events(t, source.Options{}, write(t, "events.jsonl", `{"event":"A","customer_id":"c","at":"2026-01-01T00:00:00Z"}`+"\n\n"+line))
		require.ErrorContains(t, err, want)
	}
}

func TestParquetColumnsAreText(t *testing.T) {
	type row struct {
		When  int64    `parquet:"when,timestamp(microsecond)"`
		User  *string  `parquet:"user,optional"`
		Price float64  `parquet:"price"`
		Big   int64    `parquet:"big"`
		Cents int64    `parquet:"cents,decimal(2:18)"`
		Tags  []string `parquet:"tags"`
	}
	user := "a"
	path := filepath.Join(t.TempDir(), "rows.parquet")
	rows := make([]row, 300)
	for i := range rows {
		rows[i] = row{When: int64(i+1) * 1_000_000, User: &user, Price: 1.608336001839145e+15, Big: 12345678901234567, Cents: 1999}
	}
	rows[7].User = nil
	require.NoError(t, parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(128)))
	mapping := `
version: 1
format: parquet
columns: [when, user, price, big, cents]
customer: user
at: {column: when}
events:
  - {event: Seen, properties: {amount: price, big: big, cents: number(cents), line: source.line}}
`
	got, stats, err := events(t, source.Options{Mapping: parse(t, mapping)}, path)
	require.NoError(t, err)
	assert.Equal(t, source.Stats{Rows: 300, NoCustomer: 1, Events: 299}, stats)
	assert.Contains(t, got[298], `"properties":{"amount":"1608336001839145","big":"12345678901234567","cents":19.99,"line":300}`)
	assert.Contains(t, got[298], `"at":"1970-01-01T00:05:00.000Z"`)

	_, _, err = events(t, source.Options{Mapping: parse(t, strings.ReplaceAll(mapping, "cents", "tags"))}, path)
	require.ErrorContains(t, err, "column tags is repeated")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, n := range []int{0, 4, len(whole) / 2, len(whole) - 9} {
		_, _, err = events(t, source.Options{Mapping: parse(t, mapping)}, write(t, "torn.parquet", string(whole[:n])))
		require.Error(t, err, "%d bytes", n)
	}
}

func TestProgressEndsAtTheTotal(t *testing.T) {
	var content strings.Builder
	content.WriteString("time,user,what,note\n")
	for i := range 50_000 {
		fmt.Fprintf(&content, "%d,a,View,x\n", i+1)
	}
	path := write(t, "shop.csv", content.String())
	var last, calls int64
	o := source.Options{Mapping: parse(t, shop), Progress: func(read, total int64) {
		assert.GreaterOrEqual(t, read, last)
		assert.EqualValues(t, 2*content.Len(), total)
		last, calls = read, calls+1
	}}
	_, _, err := events(t, o, path, path)
	require.NoError(t, err)
	assert.EqualValues(t, 2*content.Len(), last)
	assert.Greater(t, calls, int64(4))
}

func TestScanStops(t *testing.T) {
	s, err := source.Open([]string{write(t, "shop.csv", "time,user,what,note\n1,a,View,x\n2,a,View,x\n")}, source.Options{Mapping: parse(t, shop)})
	require.NoError(t, err)
	enough := errors.New("enough")
	rows := 0
	require.ErrorIs(t, s.Scan(context.Background(), func(source.Row) error { rows++; return enough }), enough)
	assert.Equal(t, 1, rows)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, s.Scan(ctx, func(source.Row) error { return nil }), context.Canceled)
}

func TestDigest(t *testing.T) {
	got, err := source.Digest(write(t, "x", "abc"))
	require.NoError(t, err)
	assert.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", got)
}

// What encoding/csv reads, the scan and decoder read as well, with the same fields.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"1,a,b,c\n", "1,\"a\",\"b\"\"c\",\"d\ne\"\r\n2,x,y,\n", "\n\n1,a,b,c", "1,\"\",\"\n\n\",\r\n"} {
		f.Add(seed)
	}
	m := parse(f, "version: 1\nformat: csv\ncolumns: [n, a, b, c]\ncustomer: \"'x'\"\nat: {sequence: {start: 2020-01-01T00:00:00Z, step: 1s}}\nevents: [{event: E, properties: {n: n, a: a, b: b, c: c}}]\n")
	f.Fuzz(func(t *testing.T, rows string) {
		reader := csv.NewReader(strings.NewReader("n,a,b,c\n" + rows))
		want, err := reader.ReadAll()
		if err != nil || strings.Contains(rows, "\r") || len(rows) > 10_000 {
			_, _, _ = events(t, source.Options{Mapping: m}, write(t, "f.csv", "n,a,b,c\n"+rows)) // it must not panic
			return
		}
		s, err := source.Open([]string{write(t, "f.csv", "n,a,b,c\n"+rows)}, source.Options{Mapping: m, Tolerate: 1 << 30})
		require.NoError(t, err)
		d := s.NewDecoder()
		var got [][]string
		require.NoError(t, s.Scan(context.Background(), func(r source.Row) error {
			made, err := d.Decode(r.Raw, nil)
			require.NoError(t, err)
			for _, e := range made {
				var fields []string
				for _, name := range []string{"n", "a", "b", "c"} {
					fields = append(fields, e.Properties.Find(name).Text())
				}
				got = append(got, fields)
			}
			return nil
		}))
		if s.Stats().Bad == 0 {
			assert.Equal(t, want[1:], append([][]string{}, got...))
		}
	})
}

// A decoder that is handed any bytes says what is wrong with them.
func FuzzDecode(f *testing.F) {
	m := parse(f, strings.Replace(shop, "id: time", "group: user", 1))
	s, err := source.Open([]string{write(f, "shop.csv", "time,user,what,note\n1,a,View,x\n")}, source.Options{Mapping: m})
	require.NoError(f, err)
	require.NoError(f, s.Scan(context.Background(), func(r source.Row) error { f.Add(append([]byte(nil), r.Raw...)); return nil }))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := s.NewDecoder()
		made, err := d.Decode(raw, make([]event.Event, 1))
		if err != nil {
			assert.Len(t, made, 1)
		}
	})
}

func TestAnIDThatIsNoTextIsABadRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"event":"A","customer_id":5,"at":"2026-01-01T00:00:00Z"}`+"\n"), 0o600))
	s, err := source.Open([]string{path}, source.Options{})
	require.NoError(t, err)
	err = s.Scan(t.Context(), func(source.Row) error { return nil })
	require.ErrorContains(t, err, "events.jsonl:1: customer_id and anonymous_id: expected a string")
}
