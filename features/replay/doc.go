// Package replay runs recorded events through the same fold that serves, and reads features at labelled points of the past.
//
// It works in three stages. The first reads the input once, in its order, and sorts the raw rows into buckets by a hash of their
// customer, in memory up to a bound and then in a temporary file. In the second, workers take buckets, and of every customer decode the
// events in order of arrival, find the label points, fold, and read a vector at each point. The third hands the rows out: by
// then it is known how far the data goes, and points whose horizon goes further are dropped.
//
// Rows come ordered by the hash of the customer, the customer, and the order of the points, whatever the number of workers and the bound on
// memory were. The memory needed is about the bound, and for each worker a bucket (1/1024 of the input) and the events of one customer.
package replay
