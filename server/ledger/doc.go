// Package ledger keeps account of decisions: what was issued, what became of it, and what is to be learnt from that.
//
// Everything here is a fold over the journal. Each server reads it from its beginning when it starts and follows it from then on, so
// all of them come to know the same, whichever of them took a decision or was told of an outcome. A fold remembers how far it has read
// in each shard: what is read again changes nothing.
//
// Two things are folded. A bandit.Learner learns which variant, or which action of an experiment, pays; the table that it publishes is
// what decisions draw from. Counts by day, play, action and variant are what reports are made of; days count from midnight in UTC of when
// an action was issued, and so do its outcomes, whenever they came.
package ledger
