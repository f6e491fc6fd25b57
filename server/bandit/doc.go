// Package bandit chooses between arms (the variants of an action, or the actions of an experiment) by Thompson sampling, and learns
// from what was issued and what came of it.
//
// # What is learnt
//
// A Learner folds two kinds of events, Issue and Reward, into counts of trials and rewards for every choice, segment and arm. It
// publishes a Table, which is immutable, whenever it is asked to; any number of goroutines draw from the Table while the Learner goes
// on folding.
//
// # How an arm is drawn
//
// The rate of an arm with r rewards in n trials has the posterior Beta(a + r, b + n - r), where Beta(a, b) is its prior. Thompson
// sampling draws one rate from each posterior and takes the arm with the greatest, which is to take arm i with the probability that it
// is the best,
//
//	best[i] = ∫ f[i](x) ∏ F[j](x) dx over j ≠ i,
//
// f and F being the posteriors' density and distribution (Thompson 1933, "On the likelihood that one unknown probability exceeds
// another", Biometrika 25; Chapelle and Li 2011, "An empirical evaluation of Thompson sampling", NIPS 24). Package bandit integrates
// these probabilities ahead of time instead of drawing rates, so that what is logged as the propensity of an arm is the very number
// that it was drawn with. A floor on exploration mixes in the uniform choice: of K arms,
//
//	propensity[i] = floor + (1 - K·floor) best[i].
//
// # Segments
//
// A choice may be learnt apart for segments of customers. What the other segments know of an arm, n' trials and r' rewards, serves as
// its prior in this one, discounted so that it weighs no more than PoolTrials of the segment's own trials:
//
//	w = min(1, PoolTrials/n'),  a = 1 + w r',  b = 1 + w (n' - r').
//
// This is the power prior (Ibrahim and Chen 2000, "Power prior distributions for regression models", Statistical Science 15) on the
// uniform Beta(1, 1) with a bound on its weight. A segment never seen before starts from all others; a choice with one segment
// starts from the uniform prior; an arm's own trials always outgrow what was borrowed.
//
// # What it does not do
//
// An issue counts as a trial at once, so an arm that is issued more lately looks a little worse than it is until its rewards are in. And
// promotion looks at the numbers after every outcome: that an arm passes the bound by chance happens more often than the bound says,
// and is put right when what comes of it brings its probability back under the bound.
package bandit
