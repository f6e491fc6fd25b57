package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/halfstep-ml/halfstep/server/config"
)

// authorize checks that the request's key has the role. Without configured keys everybody has every role: then the server is only
// reachable from its own machine.
func (a *API) authorize(r *http.Request, needed config.Role) error {
	if needed == config.Nobody || len(a.keys) == 0 {
		return nil
	}
	key := presented(r)
	if key == "" {
		return &problem{kind: unauthorized, detail: "the request has no API key"}
	}
	switch role := a.roleOf(key); {
	case role == config.Nobody:
		return &problem{kind: unauthorized, detail: "the API key is unknown"}
	case role < needed:
		return &problem{kind: forbidden, detail: "the key's role does not reach this far"}
	}
	return nil
}

// roleOf compares with every key, so that the time it takes says nothing.
func (a *API) roleOf(key string) config.Role {
	digest := sha256.Sum256([]byte(key))
	role := config.Nobody
	for i := range a.keys {
		if subtle.ConstantTimeCompare(digest[:], a.keys[i].Digest[:]) == 1 {
			role = max(role, a.keys[i].Role)
		}
	}
	return role
}

// presented is the key of a request: as a bearer token, or as the user of Basic, as Segment's libraries send it.
func presented(r *http.Request) string {
	header := r.Header.Get("Authorization")
	if scheme, token, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	user, _, _ := r.BasicAuth()
	return user
}
