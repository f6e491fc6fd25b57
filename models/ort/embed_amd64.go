//go:build embedort

package ort

import _ "embed"

//go:embed lib/amd64.so.zst
var packed []byte
