// Package bundle reads a version of a model from its folder and checks everything about it that can be checked without running it:
// the manifest, digests, sizes, what the ONNX file is made of, and whether its inputs are features as they are defined today.
package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Errors that Read wraps; the text around them names the file and what was expected.
var (
	ErrMissing  = errors.New("is missing from the bundle")
	ErrDigest   = errors.New("is not the file that the bundle was made with")
	ErrTooLarge = errors.New("is too large")
	ErrOrder    = errors.New("order of the inputs")
)

// Most bytes that a file of a bundle may have.
const (
	maxManifest = 256 << 10
	maxModel    = 64 << 20
	maxJSON     = 16 << 20
)

// Bundle is a version of a model, read and found sound.
type Bundle struct {
	Manifest
	ONNX      []byte
	Golden    Golden
	Reference Reference
}

// Read reads the bundle in the root of a folder.
func Read(folder fs.FS) (*Bundle, error) {
	text, err := readFile(folder, "bundle.yaml", maxManifest)
	if err != nil {
		return nil, err
	}
	manifest, err := ParseManifest(text)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Manifest: manifest}
	m := &b.Manifest
	if b.ONNX, err = readChecked(folder, m.Model.File, maxModel); err != nil {
		return nil, err
	}
	if text, err = readChecked(folder, m.Golden, maxJSON); err != nil {
		return nil, err
	}
	if b.Golden, err = parseGolden(text, m); err != nil {
		return nil, err
	}
	if text, err = readChecked(folder, m.Reference, maxJSON); err != nil {
		return nil, err
	}
	if b.Reference, err = parseReference(text, m); err != nil {
		return nil, err
	}
	if _, err = readFile(folder, "README.md", maxManifest); err != nil {
		return nil, err
	}
	return b, b.checkGraph()
}

// checkGraph looks into the ONNX file before anything loads it.
func (b *Bundle) checkGraph() error {
	file := b.Model.Name
	g, err := readGraph(b.ONNX)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if g.opset != b.Model.Opset {
		return fmt.Errorf("bundle.yaml: model.opset: got %d, %s says %d", b.Model.Opset, file, g.opset)
	}
	if g.inputs == nil {
		return fmt.Errorf("%s: its metadata has no %s, expected the feature names in the order of the columns, one a line", file, inputsEntry)
	}
	names := make([]string, len(b.Inputs))
	for i, input := range b.Inputs {
		names[i] = input.Name
	}
	if len(g.inputs) != len(names) {
		return fmt.Errorf("bundle.yaml: inputs: got %d, %s was trained with %d", len(names), file, len(g.inputs))
	}
	for i, name := range names {
		if g.inputs[i] == name {
			continue
		}
		if slices.Contains(g.inputs, name) {
			return fmt.Errorf("bundle.yaml: %w: inputs[%d] is %s, %s was trained with %s there", ErrOrder, i, name, file, g.inputs[i])
		}
		return fmt.Errorf("bundle.yaml: inputs[%d]: got %s, %s was trained with %s", i, name, file, g.inputs[i])
	}
	return nil
}

func readChecked(folder fs.FS, file File, limit int64) ([]byte, error) {
	data, err := readFile(folder, file.Name, limit)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != file.SHA256 {
		return nil, fmt.Errorf("%s %w: sha256 is %s, bundle.yaml has %s", file.Name, ErrDigest, got, file.SHA256)
	}
	return data, nil
}

// readFile believes the size that a file states only when it is too large: it reads a byte more than the limit at most.
func readFile(folder fs.FS, name string, limit int64) ([]byte, error) {
	file, err := folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s %w", name, ErrMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var data []byte
	if info.Size() <= limit {
		if data, err = io.ReadAll(io.LimitReader(file, limit+1)); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if info.Size() > limit || int64(len(data)) > limit {
		return nil, fmt.Errorf("%s %w: more than %d bytes", name, ErrTooLarge, limit)
	}
	return data, nil
}
