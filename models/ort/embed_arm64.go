//go:build embedort

package ort

import _ "embed"

//go:embed lib/arm64.so.zst
var packed []byte
