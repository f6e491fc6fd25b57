package store

import (
	"crypto/sha256"

	"github.com/cespare/xxhash/v2"
)

// ShardOf returns the shard of a customer, in [0, shards). Stored data depends on it: it must never change.
func ShardOf(id string, shards int) int {
	if shards <= 1 {
		return 0
	}
	return int(xxhash.Sum64String(id) % uint64(shards))
}

// IDHash is the name that drivers file a customer under.
type IDHash [16]byte

// HashID hashes a customer id. Drivers file state and tombstone under it, so that an erased customer's id is nowhere left to be
// read, and so that one lookup finds either. It is the first half of SHA-256: collisions are out of reach, even wanted ones.
func HashID(id string) IDHash {
	sum := sha256.Sum256([]byte(id))
	return IDHash(sum[:len(IDHash{})])
}
