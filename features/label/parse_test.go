package label_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/label"
)

const good = `version: 1
name: task
points: {after: Message Received}
positive: {event: Order Completed}
horizon: {duration: 7d}
`

func TestWhatIsWrongIsNamedWithItsPlace(t *testing.T) {
	for name, tc := range map[string]struct{ file, message string }{
		"empty":            {"", "f.yaml:1:1: the file is empty"},
		"no YAML":          {"version: [1", "f.yaml:1:"},
		"a list":           {"- 1", "f.yaml:1:"},
		"unknown key":      {good + "horizn: 1\n", "f.yaml:6:1: unknown field \"horizn\""},
		"duplicate key":    {good + "name: other\n", "f.yaml:6:1:"},
		"version":          {"version: 2\n" + good[11:], "f.yaml:1:10: version: expected 1, got 2"},
		"name":             {replace("name: task", "name: Task!"), "f.yaml:2:7: name: expected lower-case letters"},
		"timezone":         {good + "timezone: Mars/Olympus\n", "f.yaml:6:11: timezone: expected a zone"},
		"two kinds":        {replace("{after: Message Received}", "{after: A, every: 7d}"), "points: expected exactly one of every, at, after and random_prefix_of"},
		"where":            {replace("{event: Order Completed}", "{event: A, where: properties.x > }"), "f.yaml:4:"},
		"unknown name":     {replace("{event: Order Completed}", "{event: A, where: propertis.x > 1}"), "f.yaml:4:29: positive.where: unknown name propertis.x"},
		"where twice":      {replace("{event: Order Completed}", "{event: {event: A, where: channel == 'x'}, where: channel == 'y'}"), "where stands beside the events and inside them"},
		"no event":         {replace("{event: Order Completed}", "{none: true}"), "f.yaml:4:11: positive: positive.event is required"},
		"no horizon":       {"version: 1\nname: task\npoints: {after: A}\npositive: {event: B}\n", "horizon: is required"},
		"duration":         {replace("7d", "7 days"), "f.yaml:5:21: horizon.duration: expected a duration such as 30m, 1h or 7d, got \"7 days\""},
		"negative":         {replace("7d", "-1h"), "horizon.duration: expected a duration"},
		"two horizons":     {replace("{duration: 7d}", "{duration: 7d, session_end: true}"), "f.yaml:5:10: horizon: expected one of"},
		"next":             {replace("{duration: 7d}", "{next: {event: A, n: 3, at_least: 4}}"), "horizon.next: expected n from 1 to 1000, and at_least from 1 to n"},
		"no session":       {replace("{duration: 7d}", "session_end"), "f.yaml:5:10: horizon: session_end needs session"},
		"calendar session": {"version: 1\nname: t\nsession: 30m\npoints: {at: [2020-01-01]}\npositive: {event: A}\nhorizon: session_end\n", "session_end does not fit instants of the calendar"},
		"prefix session":   {replace("{after: Message Received}", "{random_prefix_of: session, seed: 1}"), "f.yaml:3:28: points.random_prefix_of: needs session"},
		"seed":             {"session: 30m\n" + replace("{after: Message Received}", "{random_prefix_of: session}"), "points.seed: is required"},
		"draws":            {"session: 30m\n" + replace("{after: Message Received}", "{random_prefix_of: session, seed: 1, per_session: 0}"), "points.per_session: expected a number from 1 to 1000"},
		"misplaced":        {replace("{after: Message Received}", "{after: A, seed: 1}"), "per_session and seed go with random_prefix_of only"},
		"skip":             {replace("{after: Message Received}", "{at: 2020-01-01, skip_first: true}"), "points.skip_first: goes with after only"},
		"date":             {replace("{after: Message Received}", "{at: [2020-01-01, 2020-13-01]}"), "f.yaml:3:27: points.at: expected a date"},
		"no bounds":        {replace("{after: Message Received}", "{every: 7d}"), "points.every: needs from and until"},
		"bounds":           {replace("{after: Message Received}", "{every: 7d, from: 2020-01-02, until: 2020-01-01}"), "points.until: has to be after from"},
		"too many":         {replace("{after: Message Received}", "{every: 1m, from: 2020-01-01, until: 2021-01-01}"), "points.every: makes more than 10000 instants"},
		"key":              {good + "keys: {label: channel}\n", "f.yaml:6:15: keys.label: is a column that every set has"},
		"key expression":   {good + "keys: {who: 1 +}\n", "f.yaml:6:"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := label.Parse("f.yaml", []byte(tc.file))
			require.Error(t, err)
			assert.Contains(t, err.Error(), tc.message)
		})
	}
}

func replace(part, by string) string {
	before, after, found := strings.Cut(good, part)
	if !found {
		panic(part + " is not in the file")
	}
	return before + by + after
}

func TestEveryProblemIsTold(t *testing.T) {
	_, err := label.Parse("f.yaml", []byte("version: 3\nname: 'a b'\npoints: {after: A}\npositive: {event: A, where: 1 + }\nhorizon: {duration: x}\n"))
	var problems *label.Errors
	require.True(t, errors.As(err, &problems))
	assert.Len(t, problems.Errors, 4, err.Error())
}

func TestTheDefinitionsThatShipAreGood(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "training", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		_, err = label.Parse(filepath.Base(file), text)
		assert.NoError(t, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("version: 1\nname: x\nsession: context.s\npoints: {random_prefix_of: session, having: [A, {event: B, where: 'properties.c > 1'}], per_session: 2, seed: 3, before: C}\npositive: {event: D, none: true}\nhorizon: session_end\nkeys: {k: channel}\n"))
	f.Add([]byte("version: 1\nname: x\ntimezone: Asia/Tokyo\npoints: {every: 30d, from: 2020-01-01, until: 2021-01-01}\npositive: {event: D}\nhorizon: {next: {event: E, n: 2}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := label.Parse("f.yaml", data)
		if err == nil {
			d.NewFinder().Points("c", history(t, "0 A", "1 B", "2 C"))
			return
		}
		var problems *label.Errors
		if !errors.As(err, &problems) || len(problems.Errors) == 0 {
			t.Fatalf("not a list of problems: %v", err)
		}
		for _, p := range problems.Errors {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Fatalf("a problem without a place or a word: %+v", p)
			}
		}
	})
}
