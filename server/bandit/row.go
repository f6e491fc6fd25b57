package bandit

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"
)

// Row is how the arms of one choice stand in one segment. It is never changed once it is published.
type Row struct {
	Arms     []Arm
	Mode     Mode
	Promoted bool   // whether an arm won, and is always chosen; no more when what comes of it casts that in doubt
	Version  uint64 // a digest of all of the above: equal rows have equal versions, whichever server made them
}

// Arm is one of a row.
type Arm struct {
	Name       string
	Trials     uint64    // how often it was issued in this segment
	Rewards    uint64    // how often that was rewarded
	Posterior  Posterior // of its rate of rewards
	Best       float64   // the probability that its rate is the greatest, within 1e-3
	Propensity float64   // the probability that it is drawn among all arms; those of a row add up to 1
}

// Set is a set of arms, by their index: bit i is arm i.
type Set uint64

// All is every arm there is.
const All Set = math.MaxUint64

// Draw takes one of a set of arms and returns its index with the exact probability of that under a uniformly random seed. It returns
// the same for the same row, seed and set. Within a set that lacks some arms, propensities keep their proportions; when those
// present have none, which is when the promoted arm or the champion is missing, they are drawn by their probability of being best,
// and when that is nothing either, alike. Of an empty set nothing is drawn: -1.
func (r *Row) Draw(seed uint64, among Set) (arm int, chance float64) {
	if len(r.Arms) < MaxArms {
		among &= 1<<len(r.Arms) - 1
	}
	if among == 0 {
		return -1, 0
	}
	by := propensity
	total := r.total(among, by)
	for total == 0 {
		by++
		total = r.total(among, by)
	}
	return r.take(float64(mix(seed)>>11)*0x1p-53*total, total, among, by)
}

// measure is what arms are drawn by.
type measure int

const (
	propensity measure = iota
	best
	alike
)

func (a *Arm) by(m measure) float64 {
	switch m {
	case propensity:
		return a.Propensity
	case best:
		return a.Best
	}
	return 1
}

func (r *Row) total(among Set, by measure) (total float64) {
	for i := range r.Arms {
		if among&(1<<i) != 0 {
			total += r.Arms[i].by(by)
		}
	}
	return total
}

// take walks along the weights. Should rounding carry it past the end, the last arm that has any is taken.
func (r *Row) take(at, total float64, among Set, by measure) (arm int, chance float64) {
	for i := range r.Arms {
		w := r.Arms[i].by(by)
		if w == 0 || among&(1<<i) == 0 {
			continue
		}
		arm, chance = i, w/total
		if at < w {
			break
		}
		at -= w
	}
	return arm, chance
}

// Seed makes the seed of a decision for one of its choices. Different decisions, and different choices of one decision, have
// independent seeds.
func Seed(decision, choice string) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.WriteString(decision) // a hash takes everything
	_, _ = d.Write([]byte{0})
	_, _ = d.WriteString(choice)
	return d.Sum64()
}

// mix spreads seeds that are alike over all 64 bits: the finalizer of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable
// pseudorandom number generators", OOPSLA).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// sign sets the version.
func (r *Row) sign() *Row {
	b := append([]byte(r.Mode), 0)
	for _, a := range r.Arms {
		b = append(append(b, a.Name...), 0)
		b = binary.LittleEndian.AppendUint64(b, a.Trials)
		b = binary.LittleEndian.AppendUint64(b, a.Rewards)
		for _, x := range []float64{a.Posterior.Alpha, a.Posterior.Beta, a.Best, a.Propensity} {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
	}
	r.Version = xxhash.Sum64(b)
	return r
}
