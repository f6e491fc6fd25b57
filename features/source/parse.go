package source

// parse takes one row apart; what it leaves in rec are parts of body.
func (m *Mapping) parse(f *file, body string, rec *record) (err error) {
	switch m.Format {
	case JSONL:
		rec.object, err = parseObject(body)
		return err
	case Parquet:
		return splitLengths(body, rec.fields)
	}
	return f.table.split(body, rec.fields)
}
