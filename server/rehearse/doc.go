// Package rehearse runs playbooks over recorded events and reports what they would have done: actions, contacts, what was withheld and
// why, timers, and the use of budgets.
//
// Customers are followed by live.Course, the code that decides while serving, with the clock of the events. What is exact, and what is
// not:
//
//   - Caps, cooldowns, fatigue, quiet hours, timers and the order of stages are those of serving, counted over what the rehearsal issues.
//   - Budgets, which all customers share, are exact too. Customers are followed apart and in parallel, first as if budgets never ended;
//     then each window of a budget is cut off at the take that uses it up, in order of time, and the customers whose takes that changes are
//     followed again, until no cut moves. What was issued then is what one pass over all customers in order of time would issue: before
//     the first cut nobody was refused anything, so it stands; given the first, the second does; and so on. Report says if that took more
//     rounds than are spent, and budgets are then approximate.
//   - Every event is decided on as if it came alone, and timers fire when they are due. While serving, events may come together in one
//     request and timers are up to a second late.
//   - Nobody reacts: what was recorded was the answer to other actions. Nothing that the rehearsal issues is shown, accepted or declined;
//     an order converts what was issued before it.
//   - Wordings and experiments are drawn alike, since nothing was learnt of a playbook that never served, and with seeds of their own.
package rehearse
