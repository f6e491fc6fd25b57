//go:build !embedort

package ort

// packed is the compressed library; a build without the tag embedort carries none.
var packed []byte
