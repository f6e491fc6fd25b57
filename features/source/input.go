package source

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is what the zstd tool unpacks without being asked to use more memory.
const maxWindow = 128 << 20

// input is an open file, unpacked on the way.
type input struct {
	io.Reader
	file   *os.File
	unpack func()
}

// openInput opens a plain, gzip or zstd file; which one it is shows in its first bytes.
func openInput(path string, read func(n int)) (*input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	in := &input{file: f, unpack: func() {}}
	packed := bufio.NewReaderSize(meter{f, read}, 256<<10)
	magic, _ := packed.Peek(4)
	switch {
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(packed, zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("%s: read zstd: %w", path, joinClose(err, f))
		}
		in.Reader, in.unpack = z, z.Close
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(packed)
		if err != nil {
			return nil, fmt.Errorf("%s: read gzip: %w", path, joinClose(err, f))
		}
		in.Reader = z
	default:
		in.Reader = packed
	}
	return in, nil
}

func (in *input) Close() error {
	in.unpack()
	return in.file.Close()
}

func joinClose(err error, f *os.File) error {
	_ = f.Close() // the first error is the one that tells
	return err
}

// meter reports how much was read of the file as it lies on the disk.
type meter struct {
	r    io.Reader
	read func(n int)
}

func (m meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.read(n)
	return n, err
}

// Digest is the SHA-256 of a file as it lies on the disk, in hexadecimal.
func Digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("digest %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
