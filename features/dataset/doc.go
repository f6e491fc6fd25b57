// Package dataset writes and reads training sets: Parquet files with a row for every label point.
//
// # Columns
//
//	customer_id   string
//	at            timestamp, milliseconds, UTC
//	label         float32: 1, 0, or NaN when nothing was asked
//	draw          int32, only of sets made of random prefixes: which draw of its session, from 0
//	…             string, one for each key of the label definition; "" is missing
//	…             float32, one for each feature, in the order of the vector; NaN is missing
//
// No column has nulls. The file's metadata holds, under keys that begin with "halfstep.", what the set was made of: see Meta.
package dataset
