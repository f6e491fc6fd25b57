package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// ErrNoLibrary is returned by Locate when there is no ONNX Runtime library to load.
var ErrNoLibrary = errors.New("the ONNX Runtime library was not found: run `make setup` in a checkout, " +
	"use a binary made by `make build` (it carries the library), or name a libonnxruntime.so in the configuration")

// Locate returns the path of the library to load: the configured one if the path is not empty; else the one that the binary carries,
// unpacked for this user; else the one that `make setup` left in the checkout around the working directory. The last two are checked
// against the locked digest. A configured one is the operator's choice and only has to exist.
func Locate(configured string) (string, error) {
	if configured != "" {
		if _, err := os.Stat(configured); err != nil {
			return "", fmt.Errorf("configured ONNX Runtime library: %w", err)
		}
		return filepath.Abs(configured)
	}
	version, digest, err := locked()
	if err != nil {
		return "", err
	}
	if len(packed) > 0 {
		folder, err := unpackFolder()
		if err != nil {
			return "", err
		}
		return unpack(packed, digest, folder)
	}
	return fromCheckout(version, digest)
}

// fromCheckout walks up from the working directory, because tests run in the folder of their package.
func fromCheckout(version, digest string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find working directory: %w", err)
	}
	for {
		path := filepath.Join(folder, ".cache", "onnxruntime", version, runtime.GOARCH, "libonnxruntime.so")
		if data, err := os.ReadFile(path); err == nil {
			if got := digestOf(data); got != digest {
				return "", fmt.Errorf("%s has sha256 %s, expected %s: delete it and run `make setup`", path, got, digest)
			}
			return path, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", ErrNoLibrary
		}
		folder = parent
	}
}
