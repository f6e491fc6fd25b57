package ort

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
)

//go:embed lock.json
var lockFile []byte

// lock is lock.json: which library halfstep was tested with. The set-up script reads the same file.
type lock struct {
	Version   string                `json:"version"`
	Libraries map[string]lockedFile `json:"libraries"` // by GOARCH
}

type lockedFile struct {
	Machine  string `json:"machine"`
	Platform string `json:"platform"`
	SHA256   string `json:"sha256"`
}

// locked returns the version and digest of this architecture's library.
func locked() (version, digest string, err error) {
	var l lock
	if err := json.Unmarshal(lockFile, &l); err != nil {
		return "", "", fmt.Errorf("read lock.json: %w", err)
	}
	file, ok := l.Libraries[runtime.GOARCH]
	if !ok || runtime.GOOS != "linux" {
		return "", "", fmt.Errorf("no ONNX Runtime library is locked for %s/%s; name one in the configuration", runtime.GOOS, runtime.GOARCH)
	}
	return l.Version, file.SHA256, nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
