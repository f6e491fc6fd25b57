package ort

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/klauspost/compress/zstd"
)

// maxLibrary bounds what unpacking may allocate.
const maxLibrary = 256 << 20

// unpackFolder is a folder of this user alone: whoever can write to it can run code as the server.
func unpackFolder() (string, error) {
	base, err := os.UserCacheDir()
	if err == nil {
		folder := filepath.Join(base, "halfstep")
		if os.MkdirAll(folder, 0o700) == nil {
			return folder, nil
		}
	}
	// A container often has no home, or one that cannot be written to.
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("halfstep-%d", os.Getuid()))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("create a folder for the ONNX Runtime library: %w", err)
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return "", fmt.Errorf("check the folder of the ONNX Runtime library: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) != os.Getuid() || !info.IsDir() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s belongs to or can be written by another user: remove it, or set XDG_CACHE_HOME", folder)
	}
	return folder, nil
}

// unpack returns the path of the decompressed library in folder, writing it only when it is not there whole. The name holds the
// content's digest, so that two versions of the binary live side by side.
func unpack(packed []byte, digest, folder string) (string, error) {
	path := filepath.Join(folder, "libonnxruntime-"+digest[:16]+".so")
	if data, err := os.ReadFile(path); err == nil && digestOf(data) == digest {
		return path, nil
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxLibrary))
	if err != nil {
		return "", fmt.Errorf("unpack ONNX Runtime library: %w", err)
	}
	defer decoder.Close()
	data, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return "", fmt.Errorf("unpack ONNX Runtime library: %w", err)
	}
	if got := digestOf(data); got != digest {
		return "", fmt.Errorf("the ONNX Runtime library in this binary has sha256 %s, expected %s: build again with `make build`", got, digest)
	}
	// Several servers may start at once: each writes its own file, and the last rename wins with the same bytes.
	partial, err := os.CreateTemp(folder, "unpacking-*")
	if err != nil {
		return "", fmt.Errorf("unpack ONNX Runtime library: %w", err)
	}
	defer os.Remove(partial.Name())
	_, err = partial.Write(data)
	if closed := partial.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(partial.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("unpack ONNX Runtime library: %w", err)
	}
	return path, nil
}
