// Command pack compresses the ONNX Runtime library for a build with the tag embedort:
//
//	go run ./models/ort/pack LIBRARY PACKED
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack LIBRARY PACKED")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// pack writes beside the target and renames, so that an interrupted build leaves no half file to embed.
func pack(library, packed string) error {
	plain, err := os.ReadFile(library)
	if err != nil {
		return fmt.Errorf("read library: %w", err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return fmt.Errorf("start compressor: %w", err)
	}
	partial := filepath.Join(filepath.Dir(packed), "."+filepath.Base(packed))
	if err := os.WriteFile(partial, encoder.EncodeAll(plain, nil), 0o644); err != nil {
		return fmt.Errorf("write packed library: %w", err)
	}
	return os.Rename(partial, packed)
}
