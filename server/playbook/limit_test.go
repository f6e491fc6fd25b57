package playbook

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func zoned(t *testing.T, zone, text string) time.Time {
	t.Helper()
	location, err := time.LoadLocation(zone)
	require.NoError(t, err)
	at, err := time.ParseInLocation(time.DateTime, text, location)
	require.NoError(t, err)
	return at
}

func TestQuietHours(t *testing.T) {
	night := QuietHours{From: 22 * 60, To: 8 * 60, Channels: []string{"sms"}}
	noon := QuietHours{From: 12*60 + 30, To: 14 * 60}
	for _, c := range []struct {
		q    QuietHours
		zone string
		at   string
		end  string // "" when it is not quiet
	}{
		{night, "Asia/Shanghai", "2026-03-01 21:59:59", ""},
		{night, "Asia/Shanghai", "2026-03-01 22:00:00", "2026-03-02 08:00:00"},
		{night, "Asia/Shanghai", "2026-02-28 23:30:00", "2026-03-01 08:00:00"},
		{night, "Asia/Shanghai", "2026-03-01 00:00:00", "2026-03-01 08:00:00"},
		{night, "Asia/Shanghai", "2026-03-01 07:59:59", "2026-03-01 08:00:00"},
		{night, "Asia/Shanghai", "2026-03-01 08:00:00", ""},
		{night, "America/New_York", "2026-03-07 23:00:00", "2026-03-08 08:00:00"}, // a night of one hour less
		{noon, "UTC", "2026-03-01 12:29:59", ""},
		{noon, "UTC", "2026-03-01 12:30:00", "2026-03-01 14:00:00"},
		{noon, "UTC", "2026-03-01 14:00:00", ""},
		{QuietHours{}, "UTC", "2026-03-01 00:00:00", ""},
	} {
		end, quiet := c.q.Until(zoned(t, c.zone, c.at))
		assert.Equal(t, c.end != "", quiet, "%+v", c)
		if quiet {
			assert.True(t, zoned(t, c.zone, c.end).Equal(end), "%+v: %v", c, end)
		}
	}
	assert.True(t, night.Binds("sms"))
	assert.False(t, night.Binds("chat"))
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		p            Period
		at, from, to string
	}{
		{Period{Rolling: 24 * time.Hour}, "2026-03-04 10:00:00", "2026-03-03 10:00:00", "2026-03-04 10:00:00"},
		{Period{Calendar: Day}, "2026-03-04 00:00:00", "2026-03-04 00:00:00", "2026-03-05 00:00:00"},
		{Period{Calendar: Day}, "2026-12-31 23:59:59", "2026-12-31 00:00:00", "2027-01-01 00:00:00"},
		{Period{Calendar: Week}, "2026-03-01 23:59:59", "2026-02-23 00:00:00", "2026-03-02 00:00:00"}, // a Sunday
		{Period{Calendar: Week}, "2026-03-02 00:00:00", "2026-03-02 00:00:00", "2026-03-09 00:00:00"},
		{Period{Calendar: Month}, "2026-02-28 12:00:00", "2026-02-01 00:00:00", "2026-03-01 00:00:00"},
	} {
		const zone = "Asia/Shanghai"
		from, to := c.p.Span(zoned(t, zone, c.at))
		assert.True(t, zoned(t, zone, c.from).Equal(from), "%v %v: from %v", c.p, c.at, from)
		assert.True(t, zoned(t, zone, c.to).Equal(to), "%v %v: to %v", c.p, c.at, to)
	}
	from, to := Period{Calendar: Day}.Span(zoned(t, "Europe/Berlin", "2026-03-29 12:00:00"))
	assert.Equal(t, 23*time.Hour, to.Sub(from), "a day of summer time's beginning")
}

func TestPeriodsReadAsTheyAreWritten(t *testing.T) {
	for _, text := range []string{"24h", "90m", "7d", "36h", "45s", "day", "week", "month"} {
		b := parse(t, "{version: 1, actions: {}, plays: [], caps: [{name: c, scope: all, max: 1, per: "+text+"}]}")
		want := text
		switch text {
		case "24h":
			want = "1d"
		case "90m":
			want = "1h30m"
		}
		assert.Equal(t, want, b.Caps[0].Per.String())
	}
}

func TestScopes(t *testing.T) {
	a := &Action{Name: "shipping-coupon", Kind: "coupon"}
	for s, want := range map[Scope]bool{
		{By: ScopeAll}:                             true,
		{By: ScopeKindOf, Name: "coupon"}:          true,
		{By: ScopeKindOf, Name: "shipping-coupon"}: false,
		{By: ScopeAction, Name: "shipping-coupon"}: true,
		{By: ScopeChannel, Name: "web"}:            true,
		{By: ScopeChannel, Name: "sms"}:            false,
	} {
		assert.Equal(t, want, s.Covers(a, "web"), "%+v", s)
	}
}

func TestDwellMatches(t *testing.T) {
	exact, below := Dwell{Path: "/config"}, Dwell{Path: "/config/*"}
	assert.True(t, exact.Matches("/config"))
	assert.True(t, exact.Matches("/config?tab=2#x"))
	assert.False(t, exact.Matches("/config/users"))
	assert.True(t, below.Matches("/config/users"))
	assert.False(t, below.Matches("/configure"))
}
