package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/ort"
)

// LoadAll loads the highest version of each bundle that reads features, in a folder laid out as <name>/<version>/. It loads all of them
// or none.
func LoadAll(ctx context.Context, folder fs.FS, features bundle.Features, runtime *ort.Runtime) ([]*Model, error) {
	return loadKind(folder, bundle.KindFeatures, func(b *bundle.Bundle) (*Model, error) { return open(ctx, b, features, runtime) })
}

// LoadTexts is LoadAll for the bundles that read text.
func LoadTexts(ctx context.Context, folder fs.FS, runtime *ort.Runtime) ([]*TextModel, error) {
	return loadKind(folder, bundle.KindText, func(b *bundle.Bundle) (*TextModel, error) { return openText(ctx, b, runtime) })
}

func loadKind[M io.Closer](folder fs.FS, kind string, open func(*bundle.Bundle) (M, error)) (_ []M, err error) {
	found, err := bundle.Discover(folder)
	if err != nil {
		return nil, err
	}
	var loaded []M
	defer func() {
		if err == nil {
			return
		}
		for _, m := range loaded {
			err = errors.Join(err, m.Close())
		}
	}()
	for _, at := range bundle.Latest(found) {
		b, err := readAt(folder, at)
		if err != nil {
			return nil, err
		}
		if b.Kind != kind {
			continue
		}
		m, err := open(b)
		if err != nil {
			return nil, fmt.Errorf("%s: load bundle %s: %w", at.Path, b.ID(), err)
		}
		loaded = append(loaded, m)
	}
	return loaded, nil
}

func readAt(folder fs.FS, at bundle.Location) (*bundle.Bundle, error) {
	sub, err := fs.Sub(folder, at.Path)
	if err != nil {
		return nil, fmt.Errorf("open bundle %s: %w", at.Path, err)
	}
	b, err := bundle.Read(sub)
	if err != nil {
		return nil, fmt.Errorf("%s: load bundle: %w", at.Path, err)
	}
	if expected := path.Join(b.Name, fmt.Sprint(b.Version)); expected != at.Path {
		return nil, fmt.Errorf("bundle %s lies in the folder %s, expected %s", b.ID(), at.Path, expected)
	}
	return b, nil
}
