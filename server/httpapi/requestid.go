package httpapi

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
)

const maxRequestID = 128

// requestID is the caller's X-Request-Id, else the trace id of their traceparent, else a new one.
func requestID(h http.Header) string {
	if id := first(h, "X-Request-Id"); id != "" && len(id) <= maxRequestID && plain(id) {
		return id
	}
	if id, ok := traceID(first(h, "Traceparent")); ok {
		return id
	}
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], rand.Uint64())
	return hex.EncodeToString(raw[:])
}

// first reads a header whose name is in canonical form.
func first(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// traceID takes the trace id out of a W3C traceparent, version-traceid-parent-flags.
func traceID(parent string) (string, bool) {
	if len(parent) < 55 || parent[2] != '-' || parent[35] != '-' || parent[:2] == "ff" {
		return "", false
	}
	id := parent[3:35]
	zero := true
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return "", false
		}
		zero = zero && c == '0'
	}
	return id, !zero
}
