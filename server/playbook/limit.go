package playbook

import (
	"time"

	"github.com/halfstep-ml/halfstep/features/yamlfile"
)

// Cap bounds how many actions one customer is issued.
type Cap struct {
	Name  string
	Scope Scope
	Max   int
	Per   Period
}

// Budget bounds how many actions all customers together are issued.
type Budget struct {
	Name  string
	Scope Scope
	Max   int
	Per   Period
}

// Window is the window that the budget is counted in at an instant (Unix milliseconds). One of the calendar is that of the zone; a
// rolling one is counted in windows of its length, one after another since 1970.
func (b *Budget) Window(now int64, zone *time.Location) (from, to time.Time) {
	length := b.Per.Rolling.Milliseconds()
	if length == 0 {
		return b.Per.Span(time.UnixMilli(now).In(zone))
	}
	start := now - now%length
	return time.UnixMilli(start), time.UnixMilli(start + length)
}

// Scope is which actions something applies to.
type Scope struct {
	By   ScopeKind
	Name string // of the kind, action or channel
}

// ScopeKind is what a Scope goes by.
type ScopeKind string

// The kinds of scopes.
const (
	ScopeAll     ScopeKind = "all"
	ScopeKindOf  ScopeKind = "kind"
	ScopeAction  ScopeKind = "action"
	ScopeChannel ScopeKind = "channel"
)

// Covers tells whether the scope takes in an action issued on a channel.
func (s Scope) Covers(a *Action, channel string) bool { return s.Takes(a.Name, a.Kind, channel) }

// Takes tells whether the scope takes in what was issued before.
func (s Scope) Takes(action, kind, channel string) bool {
	switch s.By {
	case ScopeKindOf:
		return s.Name == kind
	case ScopeAction:
		return s.Name == action
	case ScopeChannel:
		return s.Name == channel
	}
	return true
}

// Period is a window of time that things are counted in: a rolling one, or one of the calendar.
type Period struct {
	Rolling  time.Duration // 0: by the calendar
	Calendar Calendar
}

// Calendar is a window of the calendar.
type Calendar string

// The windows of the calendar. A week begins on Monday.
const (
	Day   Calendar = "day"
	Week  Calendar = "week"
	Month Calendar = "month"
)

// Span is the window that an instant lies in, in the instant's own time zone: what happened at from or later counts. A calendar
// window ends before to; a rolling one ends with the instant.
func (p Period) Span(at time.Time) (from, to time.Time) {
	if p.Rolling > 0 {
		return at.Add(-p.Rolling), at
	}
	year, month, day := at.Date()
	midnight := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, at.Location())
	}
	switch p.Calendar {
	case Week:
		monday := day - (int(at.Weekday())+6)%7
		return midnight(year, month, monday), midnight(year, month, monday+7)
	case Month:
		return midnight(year, month, 1), midnight(year, month+1, 1)
	}
	return midnight(year, month, day), midnight(year, month, day+1)
}

// String is the period as it is written in a file.
func (p Period) String() string {
	if p.Rolling > 0 {
		return yamlfile.FormatDuration(p.Rolling)
	}
	return string(p.Calendar)
}

// QuietHours are hours of the customer's day in which nobody is contacted on outreach channels. The zero value is never quiet.
type QuietHours struct {
	From, To int // minutes from midnight; From is quiet, To no longer
	Channels []string
}

// Binds tells whether a channel knows quiet hours.
func (q *QuietHours) Binds(channel string) bool {
	for _, c := range q.Channels {
		if c == channel {
			return true
		}
	}
	return false
}

// Until tells whether an instant, in the customer's time zone, is quiet, and when that ends.
func (q *QuietHours) Until(local time.Time) (end time.Time, quiet bool) {
	minute := local.Hour()*60 + local.Minute()
	days := 0
	switch {
	case q.From <= q.To:
		quiet = q.From <= minute && minute < q.To
	case minute >= q.From:
		quiet, days = true, 1
	default:
		quiet = minute < q.To
	}
	if !quiet {
		return time.Time{}, false
	}
	year, month, day := local.Date()
	return time.Date(year, month, day+days, q.To/60, q.To%60, 0, 0, local.Location()), true
}
