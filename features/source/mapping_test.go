package source_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/source"
)

func TestShippedMappings(t *testing.T) {
	assert.Equal(t, []string{"ga4", "jdata", "online_retail", "taobao_ssa"}, source.ShippedMappings())
	for _, name := range source.ShippedMappings() {
		m := shipped(t, name)
		assert.Equal(t, name, m.Name)
		assert.NotEmpty(t, m.Source)
		assert.NotEmpty(t, m.Licence)
	}
	_, err := source.ShippedMapping("ga5")
	require.ErrorContains(t, err, "did you mean ga4?")
}

func TestMappingErrorsAreAllNamed(t *testing.T) {
	_, err := source.ParseMapping("bad.yaml", []byte(`version: 2
format: cvs
colums: [a]
columns: [time, user, price, price]
customer: usr
at: {column: tme, unit: days}
received_at: {unit: ms}
events:
  - when: price > 3
    event: X
    properties: {a: number(price) +, b: {split: price}, c: {sums: 1}, d: [1]}
  - {event: Y, type: trak, also: perhaps}
  - {}
`))
	var errs *source.MappingErrors
	require.ErrorAs(t, err, &errs)
	for _, want := range []string{
		"bad.yaml:1:10: version: expected 1",
		"bad.yaml:2:9: format: unknown format cvs; did you mean csv?",
		"bad.yaml:3:1: mapping: unknown key colums; did you mean columns?",
		"bad.yaml:4:30: columns: price stands there twice",
		"bad.yaml:5:11: customer: unknown name usr",
		"bad.yaml:6:14: column: unknown column tme; did you mean time?",
		"bad.yaml:6:25: unit: unknown unit days",
		"bad.yaml:7:", "received_at: expected either column or sequence",
		"bad.yaml:9:",
		"bad.yaml:11:", "b: a split needs a separator", "c: expected one of split, part, each, sum", "d: expected an expression",
		"type: unknown type trak; did you mean track?",
		"also: expected true or false",
	} {
		assert.Contains(t, err.Error(), want)
	}
}

func TestMappingRefuses(t *testing.T) {
	base := "version: 1\nformat: csv\ncolumns: [t, u, x]\ncustomer: u\nat: {column: t, unit: s}\nevents: [{event: E}]\n"
	parse(t, base)
	for name, tc := range map[string]struct{ old, new, want string }{
		"empty":            {base, "", "the file is empty"},
		"not a mapping":    {base, "- a\n", "expected a mapping"},
		"deep brackets":    {base, strings.Repeat("[", 60_000), "nested deeper than 32"},
		"deep lists":       {base, strings.Repeat("- ", 30_000), "nested deeper than 32"},
		"too large":        {base, "#" + strings.Repeat(" ", 70_000), "at most 65536 are accepted"},
		"broken YAML":      {base, "a: [b\n", "bad.yaml:1:"},
		"two documents":    {"events: [{event: E}]\n", "events: [{event: E}]\n---\nversion: 1\n", "expected one YAML document"},
		"duplicate key":    {"customer: u\n", "customer: u\ncustomer: u\n", "bad.yaml:5:1"},
		"no customer":      {"customer: u\n", "", "customer or anonymous is required"},
		"no columns":       {"columns: [t, u, x]\n", "", "columns is required"},
		"no events":        {"events: [{event: E}]\n", "", "events is required"},
		"events empty":     {"[{event: E}]", "[]", "expected at least one rule"},
		"rule names none":  {"{event: E}", "{when: x == '1'}", "expected event, event_expr or skip: true"},
		"skip and event":   {"{event: E}", "{event: E, skip: true}", "makes no event"},
		"reserved column":  {"[t, u, x]", "[t, u, x, row]", "row is a name of the language"},
		"clock and layout": {"unit: s", "unit: s, layout: 2006", "unit and layout exclude each other"},
		"layout":           {"unit: s", "layout: yyyy-mm-dd", "expected a layout such as"},
		"timezone":         {"unit: s", "layout: 2006-01-02, timezone: Mars/Base", "expected a time zone such as"},
		"sequence":         {"{column: t, unit: s}", "{sequence: {start: soon, step: 1s}}", "start: expected an RFC 3339 time"},
		"step":             {"{column: t, unit: s}", "{sequence: {start: 2020-01-01T00:00:00Z, step: 0s}}", "step: expected a duration"},
		"second line":      {"[{event: E}]", "\n- event: E\n  when: |\n    x == '1' &&\n    y == '2'\n", "bad.yaml:10:5: when: unknown name y"},
		"wrong type":       {"{event: E}", "{event: E, when: number(x)}", "when:"},
		"anchor":           {"{event: E}", "&a {event: E}", "expected a mapping"},
		"each unknown":     {"{event: E}", "{event: E, properties: {p: {each: {a: y}}}}", "a: unknown name y"},
		"split numbers":    {"{event: E}", `{event: E, properties: {p: {split: x, separator: ";", within: "|", fields: [a], numbers: [b]}}}`, "unknown field b in numbers"},
		"limit":            {"{event: E}", "{event: E, properties: {p: {each: {a: x}, limit: 0}}}", "limit: expected a whole number from 1"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(base, tc.old, tc.new, 1)
			require.NotEqual(t, base, text)
			_, err := source.ParseMapping("bad.yaml", []byte(text))
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestRules(t *testing.T) {
	m := parse(t, `
version: 1
format: tsv
columns: [t, "Unit Price", visitor, what, items]
customer: "''"
anonymous: visitor
at: {column: t, layout: 2006-01-02 15:04, timezone: America/New_York}
received_at: {column: t, layout: 2006-01-02 15:04, timezone: UTC}
channel: Shop
context: {where: "'here'"}
events:
  - {when: what == 'noise', skip: true}
  - when: what == 'both'
    event: First
    also: true
    context: {deep: true}
  - when: what == 'both' || what == 'list'
    type: identify
    traits: {rich: "number(row['Unit Price']) > 5"}
    properties:
      price: number(row["Unit Price"])
      plain: {split: items, separator: ";"}
      pieces: {split: items, separator: ";", within: "|", fields: [id, n], numbers: [n], limit: 2}
      second: {part: items, separator: ";", index: 1}
      ninth: {part: items, separator: ";", index: 8}
      amount: {part: items, separator: "|", index: 2, number: true}
`)
	path := write(t, "shop.tsv", "t\tUnit Price\tvisitor\twhat\titems\n"+
		"2021-07-01 08:00\t9.5\tv\tboth\ta|1;b|x;;c|3\n"+
		"2021-07-01 08:00\t\tv\tlist\t\n"+
		"2021-07-01 08:00\t1\tv\tnoise\t\n"+
		"2021-07-01 08:00\t1\tv\tother\t\n")
	got, stats, err := events(t, source.Options{Mapping: m}, path)
	require.NoError(t, err)
	require.Len(t, got, 3)
	for _, want := range []string{`"event":"First"`, `"anonymous_id":"v"`, `"channel":"shop"`, `"context":{"where":"here","deep":true}`, `"at":"2021-07-01T12:00:00.000Z"`} {
		assert.Contains(t, got[0], want)
	}
	assert.Contains(t, got[1], `"properties":{"price":9.5,"plain":["a|1","b|x","c|3"],"pieces":[{"id":"a","n":1},{"id":"b"}],"second":"b|x"}`)
	assert.Contains(t, got[1], `"traits":{"rich":true}`)
	assert.NotContains(t, got[2], "properties", "nothing was there")
	assert.Equal(t, source.Stats{Rows: 4, Events: 3, Skipped: 1, Unmatched: 1}, stats)

	ids := map[string]bool{}
	for _, e := range got {
		ids[strings.SplitN(e, `"`, 5)[3]] = true
	}
	assert.Len(t, ids, 3, "each event of a row has an id of its own")
	again, _, err := events(t, source.Options{Mapping: m}, path)
	require.NoError(t, err)
	assert.Equal(t, got, again)
}

func TestGroups(t *testing.T) {
	m := parse(t, `
version: 1
format: csv
columns: [order, t, user, sku, price, n]
customer: user
at: {column: t, unit: s}
group: order
events:
  - event: Order Completed
    properties:
      order_id: order
      revenue: {sum: number(price) * number(n)}
      lines: {sum: 1}
      products: {each: {id: sku, n: number(n)}, where: number(n) > 0, limit: 2}
`)
	path := write(t, "orders.csv", "order,t,user,sku,price,n\n"+
		"1,10,a,x,0.1,1\n1,10,a,\"y\"\"\",0.2,1\n1,10,a,z,1,0\n1,10,a,w,1,1\n1,10,a,v,,1\n"+
		"2,20,,x,1,1\n2,20,,y,1,1\n"+
		"3,30,b,x,2,2\n")
	got, stats, err := events(t, source.Options{Mapping: m}, path)
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Contains(t, got[0], `"properties":{"order_id":"1","revenue":1.3,"lines":5,"products":[{"id":"x","n":1},{"id":"y\"","n":1}]}`)
	assert.Contains(t, got[1], `"customer_id":"b"`)
	assert.Equal(t, source.Stats{Rows: 8, NoCustomer: 2, Events: 2}, stats)

	bad := write(t, "orders.csv", "order,t,user,sku,price,n\n1,10,a,x,1,1\n1,10,a,x,1\n")
	_, _, err = events(t, source.Options{Mapping: m}, bad)
	require.ErrorContains(t, err, "orders.csv:3: expected 6 fields, found 5")
}

func TestMappedJSONL(t *testing.T) {
	m := parse(t, `
version: 1
format: jsonl
customer: user.id
at: {column: ts, unit: s}
events: [{event_expr: action, properties: {price: cart.price, tags: tags, gone: nothing.at.all}}]
`)
	got, _, err := events(t, source.Options{Mapping: m}, write(t, "x.jsonl", `{"user":{"id":"u"},"ts":1600000000.5,"action":"Buy","cart":{"price":2.50},"tags":["a",1]}`+"\n"))
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Contains(t, got[0], `"properties":{"price":2.50,"tags":["a",1]}`)
	assert.Contains(t, got[0], `"at":"2020-09-13T12:26:40.500Z"`)
	_, _, err = events(t, source.Options{Mapping: m}, write(t, "x.jsonl", "\n{\"user\":\n"))
	require.ErrorContains(t, err, "x.jsonl:2: malformed JSON")
}

func FuzzMapping(f *testing.F) {
	f.Add(shop)
	f.Add("version: 1\nformat: blocks\ncolumns: [a, b]\ncustomer: string(source.block)\nat: {sequence: {start: 2020-01-01T00:00:00Z, step: 1s}}\nevents: [{event: E, properties: {p: {sum: number(a)}, q: {split: b, separator: ';', within: '|', fields: [x], numbers: [x]}}}]\n")
	f.Add("a: &b [*b, <<: c, ? d : e]\n!!x y: |\n  z\n")
	row := "1\ta;|b\n"
	f.Fuzz(func(t *testing.T, text string) {
		m, err := source.ParseMapping("fuzz.yaml", []byte(text))
		if err != nil {
			var errs *source.MappingErrors
			require.ErrorAs(t, err, &errs)
			require.NotEmpty(t, errs.Errors)
			for _, e := range errs.Errors {
				require.Positive(t, e.Line)
				require.Positive(t, e.Column)
			}
			return
		}
		// A mapping that is accepted also runs.
		content := strings.Join(m.Columns, "\t") + "\n" + row + row
		if m.Format != source.Parquet {
			_, _, _ = events(t, source.Options{Mapping: m, Tolerate: 100}, write(t, "f.txt", content))
		}
	})
}

func TestMappingCommentsMayHaveRules(t *testing.T) {
	parse(t, "# "+strings.Repeat("-", 80)+"\n"+shop)
}
