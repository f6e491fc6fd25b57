package replay

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/halfstep-ml/halfstep/features/source"
)

// Buckets divide customers by the first bits of the hash of their id, so that the order of buckets is the order of hashes.
const (
	bucketBits  = 10
	bucketCount = 1 << bucketBits
	pieceBytes  = 16 << 10
)

// sortRows reads the whole input into buckets. A row is stored as the lengths of its two parts, the customer and what the
// input's decoder reads.
func sortRows(ctx context.Context, in Input, o Options) (rows *spool, err error) {
	rows = newSpool(bucketCount, o.Memory, o.TempDir)
	open := make([][]byte, bucketCount)
	err = in.Scan(ctx, func(r source.Row) error {
		n := int(xxhash.Sum64(r.Customer) >> (64 - bucketBits))
		need := 2*binary.MaxVarintLen32 + len(r.Customer) + len(r.Raw)
		piece := open[n]
		if len(piece)+need > cap(piece) {
			if len(piece) > 0 {
				if err := rows.add(n, piece); err != nil {
					return err
				}
			}
			piece = make([]byte, 0, max(pieceBytes, need))
		}
		open[n] = appendPart(appendPart(piece, r.Customer), r.Raw)
		return nil
	})
	for n, piece := range open {
		if err == nil && len(piece) > 0 {
			err = rows.add(n, piece)
		}
	}
	if err != nil {
		return nil, errors.Join(err, rows.close())
	}
	return rows, nil
}

// stored is one row of a bucket.
type stored struct {
	hash          uint64
	arrival       int // within the bucket
	customer, raw []byte
}

// sorted lists the rows of a bucket by customer, and of one customer in order of arrival.
func sorted(pieces [][]byte, dst []stored) []stored {
	for _, piece := range pieces {
		for len(piece) > 0 {
			r := stored{arrival: len(dst)}
			r.customer, piece = part(piece)
			r.raw, piece = part(piece)
			r.hash = xxhash.Sum64(r.customer)
			dst = append(dst, r)
		}
	}
	slices.SortFunc(dst, func(a, b stored) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		if c := bytes.Compare(a.customer, b.customer); c != 0 {
			return c
		}
		return a.arrival - b.arrival
	})
	return dst
}

// part splits what was written with its length off the front.
func part(b []byte) (first, rest []byte) {
	n, size := binary.Uvarint(b)
	end := size + int(n)
	return b[size:end:end], b[end:]
}
