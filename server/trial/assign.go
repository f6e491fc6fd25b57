// Package trial compares what was done with what was not: it assigns customers to holdouts and experiments by hash, checks that
// the parts are as large as they should be, and puts intervals around rates and their differences.
//
// # Who takes part
//
// A customer's place under a salt is a hash of both, uniform on [0, 1). It needs no storage and is the same on every server, for
// ever. Places under different salts are independent: of two experiments with salts of their own, the share of customers in
// both is the product of the shares. Experiments that must be disjoint share a Layer, that is a salt, and take intervals of it side
// by side (Tang, Agarwal, O'Brien and Meyer 2010, "Overlapping experiment infrastructure: more, better, faster experimentation",
// KDD).
package trial

import (
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

// Place returns where a customer stands under a salt, in [0, 1).
func Place(salt, customer string) float64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.WriteString(salt) // a hash takes everything
	_, _ = d.Write([]byte{0})
	_, _ = d.WriteString(customer)
	return float64(d.Sum64()>>11) * 0x1p-53
}

// Layer divides the customers into disjoint parts.
type Layer struct {
	salt string
	ends []float64
}

// NewLayer makes a layer of parts of the given shares, side by side from place 0; customers beyond the last are in none. A part
// keeps its customers as long as its share and those before it do not change. It fails when a share is not 0 to 1, or when all
// together are more than 1.
func NewLayer(salt string, shares ...float64) (Layer, error) {
	l := Layer{salt: salt, ends: make([]float64, len(shares))}
	var end float64
	for i, share := range shares {
		if !(share >= 0 && share <= 1) {
			return Layer{}, fmt.Errorf("layer %q: shares[%d]: 0 to 1 is expected, got %v", salt, i, share)
		}
		end += share
		if math.Abs(end-1) < 1e-9 {
			end = 1
		}
		l.ends[i] = end
	}
	if end > 1 {
		return Layer{}, fmt.Errorf("layer %q: shares of at most 1 together are expected, got %v", salt, end)
	}
	return l, nil
}

// Assign returns which part a customer is in, or -1 for none.
func (l Layer) Assign(customer string) int {
	place := Place(l.salt, customer)
	for i, end := range l.ends {
		if place < end {
			return i
		}
	}
	return -1
}
