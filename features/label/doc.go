// Package label says which moments of a customer's history a model learns from, and what the right answer was at each of them. It
// looks at events alone: features are read at the points by package replay, out of a state that has seen nothing later.
//
// # Label files
//
//	version: 1
//	name: cart_abandonment
//	meaning: what a positive label says, for people
//	timezone: Europe/London        # of dates without one; by default UTC
//	session: context.session_id    # an expression over an event, or a silence such as 30m that ends a session
//	points: …                      # see below
//	positive: {event: Order Completed, where: properties.revenue > 0}   # or a list of names and {event, where}; none: true turns it round
//	horizon: …                     # see below
//	keys: {session: context.session_id}   # columns for splitting and grouping, of the event at the point
//
// # Points
//
// A point is an instant in the history of one customer. There are three kinds:
//
//	{every: 7d, from: 2011-01-01, until: 2011-12-01}, or {at: [2011-06-10, 2011-09-09]}   instants of the calendar
//	{after: Message Received, skip_first: true}                                           right after each such event
//	{random_prefix_of: session, per_session: 3, seed: 7, before: Order Completed}         after random events of each session
//
// At an instant t of the calendar a customer is known by what had happened and had arrived by t. The customer has to have an
// event by then, of the kinds that `having` names if it does. A point of the other kinds comes right after an event in order of arrival, at that event's time
// (or the newest time before it, if the event was late), and knows all that had arrived. With `having` such an event must have come, in
// the session if sessions are defined, up to and including the event at the point. Of a session, `before` ends the candidates
// for a random prefix at the first such event after its first candidate. The draws of a session are different, and numbered from 0 in the order
// in which they were drawn: those with draw 0 are one random prefix of each session. `skip_first` passes over the first event of the
// customer, or of each session. `from` (included) and `until` (excluded) bound the points of every kind.
//
// # Horizons
//
//	{duration: 90d}                                      up to and including that long after the point
//	session_end                                          the rest of the point's session
//	{next: {event: Message Received, n: 3, at_least: 1}}   up to the third such event, in the point's session if there are sessions
//
// A label is told strictly by what comes after the point. After an instant of the calendar is what has a later time. After an
// event is what arrived later and has no earlier time: of two events of the same instant, the order of arrival tells which came first.
//
// A point is dropped when its horizon runs past the end of the data, whatever has been seen until there, because those with an early
// answer would be over-represented. A session has ended when nothing came for the length of the silence (30m with a session
// expression). Next n has an answer when at least at_least (by default n) such events follow.
package label
