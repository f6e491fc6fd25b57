package bundle

import (
	"errors"
	"fmt"
)

// Features is the FeatureSet, as far as models know it.
type Features interface {
	// Lookup returns the hash of a feature's definition.
	Lookup(name string) (hash string, ok bool)
	// Index returns where in the vector a feature stands.
	Index(name string) (int, bool)
}

// Errors that Columns wraps, one for each way in which the features of today are not those of the training set.
var (
	ErrUnknownFeature = errors.New("no such feature")
	ErrChangedFeature = errors.New("the feature's definition has changed")
)

// Columns returns, for each input of the model in order, the index of its feature in the vector. It fails when a feature is not there
// or is no longer defined as it was in training: the model would read numbers that mean something else.
func (m *Manifest) Columns(features Features) ([]int, error) {
	if m.Kind != KindFeatures {
		return nil, fmt.Errorf("%w: it has kind: %s, expected %s", ErrKind, m.Kind, KindFeatures)
	}
	columns := make([]int, len(m.Inputs))
	var errs []error
	for i, input := range m.Inputs {
		hash, ok := features.Lookup(input.Name)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("inputs[%d]: %s: %w", i, input.Name, ErrUnknownFeature))
		case hash != input.Hash:
			errs = append(errs, fmt.Errorf("inputs[%d]: %s: %w: its hash is %s, the model was trained with %s",
				i, input.Name, ErrChangedFeature, hash, input.Hash))
		}
		columns[i], _ = features.Index(input.Name)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return columns, nil
}
