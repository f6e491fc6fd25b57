package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Role is what the holder of a key may do; each role may do what those before it may.
type Role int

// The roles.
const (
	Nobody Role = iota
	Track       // send events
	Score       // ask for scores and profiles
	Admin       // everything
)

// Key is an API key as the server knows it: a digest, never the key.
type Key struct {
	Role   Role
	Digest [sha256.Size]byte
}

// Keys parses the configured keys.
func (c *Config) Keys() ([]Key, error) {
	keys := make([]Key, 0, len(c.APIKeys))
	for i, text := range c.APIKeys {
		role, digest, _ := strings.Cut(text, ":")
		k := Key{Role: map[string]Role{"track": Track, "score": Score, "admin": Admin}[role]}
		if k.Role == Nobody {
			return nil, fmt.Errorf("api_keys[%d]: expected ROLE:SHA256 with a role of track, score or admin", i)
		}
		raw, err := hex.DecodeString(digest)
		if err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("api_keys[%d]: expected the SHA-256 of the key as 64 hex digits after %s:, as `printf %%s KEY | sha256sum` prints it", i, role)
		}
		k.Digest = [sha256.Size]byte(raw)
		keys = append(keys, k)
	}
	return keys, nil
}
