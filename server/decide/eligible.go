package decide

import (
	"slices"
	"time"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

// stopped runs the stages that look at one action alone, and settles the channel it would go by.
func (d *Decider) stopped(c *candidate) bool {
	if d.in.Unavailable {
		d.withhold(c, Unavailable, "", 0)
		return true
	}
	channel, why := d.channel(c.action)
	if why != "" {
		d.withhold(c, why, "", 0)
		return true
	}
	c.channel = channel
	if !c.action.Staff {
		if until := d.silent(c.action.Name); until > d.in.Now {
			d.withhold(c, Fatigued, "", until)
			return true
		}
	}
	if until := d.cooling(c.action); until > d.in.Now {
		d.withhold(c, Cooldown, "", until)
		return true
	}
	if end, quiet := d.quiet(c.action, channel); quiet {
		d.withhold(c, QuietHours, channel, end)
		if d.in.Proactive || c.Event != nil {
			d.out.Postponed = append(d.out.Postponed, Postponed{Firing: c.Firing, Until: end})
		}
		return true
	}
	if !(c.worth.Total > 0) {
		d.withhold(c, NotWorthIt, "", 0)
		return true
	}
	return false
}

// channel is the one that an action goes by: the one the customer is on if it is listed, else the one they prefer, else the first. An
// answer to who asks on a channel cannot go by that of another session.
func (d *Decider) channel(a *playbook.Action) (string, Why) {
	on := d.in.Facts.Channel
	if a.Staff {
		if slices.Contains(a.Channels, on) {
			return on, ""
		}
		return a.Channels[0], ""
	}
	if d.optedOut(a.Kind) || d.optedOut(a.Name) || d.in.OptOut.All {
		return "", OptedOut
	}
	why := NoChannel
	best := ""
	for _, channel := range a.Channels {
		switch {
		case d.in.Asked && on != "" && channel != on && playbook.InSession(channel):
			continue
		case d.optedOut(channel):
			why = OptedOut
			continue
		case channel == on:
			return channel, ""
		case best == "" || channel == d.in.Preferred:
			best = channel
		}
	}
	if best == "" {
		return "", why
	}
	return best, ""
}

// optedOut tells whether the customer opted out of one kind, action or channel.
func (d *Decider) optedOut(scope string) bool { return slices.Contains(d.in.OptOut.Scopes, scope) }

// silent is until when an action is silenced for a customer who keeps declining it. Accepting it once starts the count again.
func (d *Decider) silent(action string) (until int64) {
	f := d.in.Playbook.Fatigue
	if f.Declines == 0 {
		return 0
	}
	declines := 0
	for i := range d.in.Contacts {
		c := &d.in.Contacts[i]
		if c.Action != action {
			continue
		}
		switch {
		case c.Outcomes&features.Accepted != 0:
			declines = 0
		case c.Outcomes&features.Declined != 0:
			if declines++; declines >= f.Declines {
				until, declines = max(until, c.Answered+f.Silence.Milliseconds()), 0
			}
		}
	}
	return until
}

// cooling is until when an action is not issued again.
func (d *Decider) cooling(a *playbook.Action) int64 {
	if a.Cooldown == 0 {
		return 0
	}
	for i := len(d.in.Contacts) - 1; i >= 0; i-- {
		if c := &d.in.Contacts[i]; c.Action == a.Name && !returned(c) {
			return c.At + a.Cooldown.Milliseconds()
		}
	}
	return 0
}

// returned tells whether a contact counts no more: it expired and was never seen.
func returned(c *features.Contact) bool {
	return c.Outcomes&features.Expired != 0 && c.Outcomes&features.Shown == 0
}

func (d *Decider) quiet(a *playbook.Action, channel string) (end int64, quiet bool) {
	q := &d.in.Playbook.QuietHours
	if a.Staff || !q.Binds(channel) {
		return 0, false
	}
	until, quiet := q.Until(d.local)
	return until.UnixMilli(), quiet
}

// zone is where the customer is.
func (d *Decider) zone(in *Input) *time.Location {
	if in.Zone == "" {
		return in.Playbook.Timezone
	}
	if zone := zones.load(in.Zone); zone != nil {
		return zone
	}
	return in.Playbook.Timezone
}
