// Package playbook reads the business rules: which moments matter (plays), what may then be done (actions, in variants of wording), and
// what keeps it within bounds (caps, budgets, quiet hours, fatigue, a holdout). A file is checked whole, every problem at its place,
// and compiled into a Playbook that is immutable and knows its revision. Evaluating a play allocates nothing.
//
// What the file's shape leaves open:
//
//   - An action's value and cost are numbers or expressions, as its likelihood is; value is 1 and cost 0 unless given. A cost
//     below 0 is refused, since that is a value; a computed one counts as 0. A likelihood is held within 0 and 1.
//   - Worth of which any part is missing is missing, and so not above 0.
//   - A cap of 0 stops what it covers; below 0 it is refused.
//   - Text in an action's content may be given in both languages, as {zh: …, en: …}; the playbook's language picks.
//   - A dwell's path is compared without its query, and ends in * to take in everything below.
//   - `hour: features.preferred_hour` has an after-play wait on, once its time has come, until that hour of the day.
//   - An action for staff needs no channels: it has the one named staff.
package playbook
