// Package decide turns what is known of a customer at one moment into what to do about it: plays propose, stages withhold, the worthiest
// that are left are issued. It reads no clock, no store and no network, so the same input always makes the same decision.
//
// The stages stand in the order in which the contract names them, and the first that stops an action is why it was withheld:
// channel, opted_out, fatigued, cooldown, quiet_hours and not_worth_it look at one action alone; capped, budget, outranked and
// experiment at the actions together, the worthiest first; holdout at the customer.
package decide
