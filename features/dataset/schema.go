package dataset

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// The columns that are there without being named.
const (
	customerColumn = "customer_id"
	atColumn       = "at"
	labelColumn    = "label"
	drawColumn     = "draw"
)

var codec = &zstd.Codec{Level: zstd.SpeedFastest}

// columns lists the names of the columns in their order: those before the features, then the features.
func (m *Meta) columns() (head, features []string) {
	head = []string{customerColumn, atColumn, labelColumn}
	if m.Labels.Draws {
		head = append(head, drawColumn)
	}
	head = append(head, m.Labels.Keys...)
	for _, f := range m.Features.Columns {
		features = append(features, f.Name)
	}
	return head, features
}

// schema is the schema of a set, and the options that go with it.
func (m *Meta) schema() (*parquet.Schema, []parquet.WriterOption, error) {
	head, features := m.columns()
	group := ordered{Group: parquet.Group{}, names: append(head, features...)}
	options := []parquet.WriterOption{parquet.Compression(codec), parquet.CreatedBy("halfstep", "", "")}
	for _, name := range m.Labels.Keys {
		group.Group[name] = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	}
	for _, name := range features {
		group.Group[name] = plain(parquet.FloatType)
		options = append(options, parquet.SkipPageBounds(name), parquet.SkipPageStatistics(name))
	}
	for name, node := range map[string]parquet.Node{
		customerColumn: parquet.Encoded(parquet.String(), &parquet.Plain),
		atColumn:       parquet.Encoded(parquet.Timestamp(parquet.Millisecond), &parquet.DeltaBinaryPacked),
		labelColumn:    plain(parquet.FloatType),
	} {
		group.Group[name] = node
	}
	if m.Labels.Draws {
		group.Group[drawColumn] = plain(parquet.Int32Type)
	}
	if len(group.Group) != len(group.names) {
		return nil, nil, fmt.Errorf("the set has two columns of one name: label keys and features must differ from each other and from %s, %s, %s and %s",
			customerColumn, atColumn, labelColumn, drawColumn)
	}
	schema := parquet.NewSchema("halfstep", group)
	return schema, append(options, schema), nil
}

func plain(t parquet.Type) parquet.Node { return parquet.Encoded(parquet.Leaf(t), &parquet.Plain) }

// ordered is a group whose fields keep the order of names; the library's own are sorted.
type ordered struct {
	parquet.Group
	names []string
}

// Fields implements parquet.Node.
func (o ordered) Fields() []parquet.Field {
	byName := make(map[string]parquet.Field, len(o.names))
	for _, f := range o.Group.Fields() {
		byName[f.Name()] = f
	}
	fields := make([]parquet.Field, len(o.names))
	for i, name := range o.names {
		fields[i] = byName[name]
	}
	return fields
}
