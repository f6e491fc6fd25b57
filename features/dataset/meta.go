package dataset

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/label"
	"github.com/halfstep-ml/halfstep/features/replay"
)

// Meta says what a set was made of. In the file it is JSON, each field under its name.
type Meta struct {
	Version  string        `json:"version"`  // of halfstep
	Features Features      `json:"features"` // the FeatureSet
	Labels   Labels        `json:"labels"`
	Sources  []Source      `json:"sources"`
	Counts   replay.Counts `json:"counts"`
}

// Features is the revision of the FeatureSet, and of each feature the hash of its definition, in the order of the columns.
type Features struct {
	Revision string    `json:"revision"`
	Columns  []Feature `json:"columns"`
}

// Feature is a column of the vector.
type Feature struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

// Labels is the label definition: the file, and its SHA-256.
type Labels struct {
	Name   string   `json:"name"`
	Keys   []string `json:"keys"`
	Draws  bool     `json:"draws"` // whether there is a draw column
	Digest string   `json:"digest"`
	Text   string   `json:"text"`
}

// Source is a file that events came from, or the journal.
type Source struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"`
}

// NewMeta describes a set of these features and labels.
func NewMeta(version string, fs *features.FeatureSet, d *label.Definition, sources []Source) Meta {
	m := Meta{Version: version, Features: Features{Revision: fs.Revision()}, Sources: sources}
	for _, f := range fs.Features() {
		m.Features.Columns = append(m.Features.Columns, Feature{Name: f.Name, Hash: f.Hash})
	}
	m.Labels = Labels{Name: d.Name, Keys: append([]string{}, d.Keys...), Draws: d.Draws(), Digest: d.Digest, Text: d.Text}
	return m
}

// prefix of the keys in a file's metadata.
const prefix = "halfstep."

// each calls f for every key and the field that is kept under it.
func (m *Meta) each(f func(key string, field any) error) error {
	for _, one := range []struct {
		name  string
		field any
	}{{"version", &m.Version}, {"features", &m.Features}, {"labels", &m.Labels}, {"sources", &m.Sources}, {"counts", &m.Counts}} {
		if err := f(prefix+one.name, one.field); err != nil {
			return err
		}
	}
	return nil
}

// read takes the metadata of a file apart.
func (m *Meta) read(lookup func(key string) (string, bool)) error {
	return m.each(func(key string, field any) error {
		text, ok := lookup(key)
		if !ok {
			return fmt.Errorf("no %s in the metadata; expected a set made by halfstep replay", key)
		}
		if err := json.Unmarshal([]byte(text), field); err != nil {
			return fmt.Errorf("metadata %s: %w", strings.TrimPrefix(key, prefix), err)
		}
		return nil
	})
}
